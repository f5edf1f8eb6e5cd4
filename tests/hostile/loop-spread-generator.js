// expect: timeout
function* g() { for (;;) {} }
return [...g()];
