// expect: threw TypeError
state.n = () => 1;
