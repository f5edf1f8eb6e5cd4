// expect: threw TypeError
delete state.n;
