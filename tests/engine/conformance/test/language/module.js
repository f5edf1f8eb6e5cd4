/*---
description: Modules are left out
flags: [module]
---*/
export const a = 1;
