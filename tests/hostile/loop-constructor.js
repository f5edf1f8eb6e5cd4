// expect: timeout
class A { constructor() { for (;;) {} } }
Reflect.construct(A, []);
