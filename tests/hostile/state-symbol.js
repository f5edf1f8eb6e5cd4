// expect: threw TypeError
state.n = Symbol('x');
