// expect: threw ReferenceError
state.nn = 1;
