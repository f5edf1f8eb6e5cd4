// expect: stack
const f = () => [2, 1].sort(f).length;
f();
