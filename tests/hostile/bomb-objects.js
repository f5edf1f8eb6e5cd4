// expect: memory
const a = [];
for (;;) a.push({ x: [1, 2, 3], y: 'z' + a.length });
