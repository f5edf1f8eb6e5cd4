// expect: threw TypeError
state.n = NaN;
