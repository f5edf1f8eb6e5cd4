// expect: timeout
return 'a' in new Proxy({}, { has() { for (;;) {} } });
