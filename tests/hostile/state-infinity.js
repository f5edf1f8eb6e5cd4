// expect: threw TypeError
state.n = 1 / 0;
