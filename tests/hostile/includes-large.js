// expect: timeout,memory
const a = new Array(1e6).fill(0);
for (;;) a.includes(1);
