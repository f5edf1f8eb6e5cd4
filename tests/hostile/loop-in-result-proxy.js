// expect: timeout
return new Proxy({}, { ownKeys() { for (;;) {} } });
