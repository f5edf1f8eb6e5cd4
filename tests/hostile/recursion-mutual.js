// expect: stack
function f() { return g(); }
function g() { return f() + 1; }
f();
