/*---
description: A duplicate declaration is an early error
negative:
  phase: parse
  type: SyntaxError
---*/
$DONOTEVALUATE();
let a, a;
