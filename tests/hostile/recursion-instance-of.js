// expect: stack
class A { static [Symbol.hasInstance]() { return 1 instanceof A; } }
1 instanceof A;
