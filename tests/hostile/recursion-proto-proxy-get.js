// expect: stack,threw
const p = new Proxy({}, {});
const o = Object.create(p);
Object.setPrototypeOf(p, o);
o.a;
