// expect: timeout
Object.getPrototypeOf(new Proxy({}, { getPrototypeOf() { for (;;) {} } }));
