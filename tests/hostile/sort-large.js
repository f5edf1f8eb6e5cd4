// expect: timeout,memory
const a = [];
for (let i = 0; i < 3e6; i++) a.push(Math.random());
a.sort();
