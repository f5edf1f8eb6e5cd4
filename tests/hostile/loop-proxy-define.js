// expect: timeout
Object.defineProperty(new Proxy({}, { defineProperty() { for (;;) {} } }), 'a', { value: 1 });
