// expect: threw TypeError
state.n = new Map();
