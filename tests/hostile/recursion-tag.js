// expect: stack
const f = () => f``;
f();
