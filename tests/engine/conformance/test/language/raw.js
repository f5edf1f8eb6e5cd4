/*---
description: A raw test has no harness
flags: [raw]
---*/
if (typeof assert !== "undefined") throw new Error("there is a harness");
