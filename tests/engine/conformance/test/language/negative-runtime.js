/*---
description: A variable that does not exist
negative:
  phase: runtime
  type: ReferenceError
---*/
nothing;
