// expect: stack
const o = { valueOf() { return +o; } };
+o;
