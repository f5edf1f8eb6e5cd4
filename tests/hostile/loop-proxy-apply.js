// expect: timeout
new Proxy(() => 1, { apply() { for (;;) {} } })();
