// expect: stack,timeout
let o = {};
let c = o;
for (let i = 0; i < 1e5; i++) { c.a = {}; c = c.a; }
JSON.stringify(o);
