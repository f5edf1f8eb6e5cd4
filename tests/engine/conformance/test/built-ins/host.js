/*---
description: The host's own functions
features: [ArrayBuffer]
---*/
const buffer = new ArrayBuffer(8);
$262.detachArrayBuffer(buffer);
assert.sameValue(buffer.byteLength, 0);
