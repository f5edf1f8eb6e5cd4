// expect: stack
const f = (a) => [1, 2].reduce(f);
f();
