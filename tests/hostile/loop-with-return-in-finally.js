// expect: timeout
function f() { try { return 1; } finally { for (;;) {} } }
f();
