// expect: memory
let p = Promise.resolve();
for (;;) p = p.then(() => new Array(100).fill(0));
