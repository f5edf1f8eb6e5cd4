// expect: timeout
throw new Proxy({}, { get() { for (;;) {} } });
