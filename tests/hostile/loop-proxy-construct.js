// expect: timeout
new (new Proxy(class {}, { construct() { for (;;) {} } }))();
