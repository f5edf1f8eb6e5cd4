/*---
description: A test without flags runs in both modes
features: [arrow-function]
---*/
assert.sameValue((() => 1)(), 1);
