/*---
description: A promise settles
flags: [async]
features: [Promise]
---*/
Promise.resolve(1).then((value) => { assert.sameValue(value, 1); }).then($DONE, $DONE);
