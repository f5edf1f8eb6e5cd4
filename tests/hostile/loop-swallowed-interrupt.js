// expect: timeout
async function f() { try { for (;;) {} } catch { return 1; } }
return f();
