// expect: memory
const a = [];
for (;;) { const big = new Array(100).fill(a.length); a.push(() => big); }
