// expect: memory
const a = [];
for (;;) a.push(new Promise(() => {}), new Array(100).fill(0));
