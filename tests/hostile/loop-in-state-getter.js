// expect: timeout
state.list = [{ get a() { for (;;) {} } }];
