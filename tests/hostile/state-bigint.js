// expect: threw TypeError
state.n = 10n;
