// expect: stack
const o = { toString() { return '' + [o, o].sort() + o; } };
'' + o;
