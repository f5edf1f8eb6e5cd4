// expect: timeout
const o = { set a(v) { for (;;) {} } };
o.a = 1;
