// expect: timeout
return new Proxy({}, { get() { for (;;) {} } }).a;
