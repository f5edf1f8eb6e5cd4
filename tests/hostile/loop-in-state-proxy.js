// expect: timeout
state.list = new Proxy([], { get() { for (;;) {} } });
