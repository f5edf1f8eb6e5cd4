// expect: stack
function* g() { yield* g(); }
[...g()];
