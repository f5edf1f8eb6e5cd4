// expect: threw TypeError
const o = {};
o.o = o;
state.n = o;
