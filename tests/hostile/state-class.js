// expect: threw TypeError
state.n = new (class A {})();
