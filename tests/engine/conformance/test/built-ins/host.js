/*---
description: The host's own functions
features: [ArrayBuffer]
---*/
const buffer = new ArrayBuffer(8);
$262.detachArrayBuffer(buffer);
assert.sameValue(buffer.byteLength, 0);
assert.sameValue($262.evalScript("1 + 1"), 2);
