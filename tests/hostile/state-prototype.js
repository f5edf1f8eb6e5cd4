// expect: threw TypeError
Object.setPrototypeOf(state, null);
