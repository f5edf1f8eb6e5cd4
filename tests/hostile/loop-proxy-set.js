// expect: timeout
new Proxy({}, { set() { for (;;) {} } }).a = 1;
