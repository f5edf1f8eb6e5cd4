// expect: timeout
const o = { get a() { for (;;) {} } };
return o.a;
