// expect: timeout
delete new Proxy({}, { deleteProperty() { for (;;) {} } }).a;
