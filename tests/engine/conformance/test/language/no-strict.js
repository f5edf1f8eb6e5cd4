/*---
description: this is the global object in sloppy functions
flags: [noStrict]
---*/
assert.sameValue((function () { return this; })(), globalThis);
