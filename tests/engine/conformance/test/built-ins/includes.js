/*---
description: A harness file of its own
includes: [extra.js]
features: [Array.prototype.includes]
---*/
assert([extra].includes(42));
