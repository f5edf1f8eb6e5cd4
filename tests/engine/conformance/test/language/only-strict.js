/*---
description: this is undefined in strict functions
flags: [onlyStrict]
---*/
assert.sameValue((function () { return this; })(), undefined);
