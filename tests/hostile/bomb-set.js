// expect: memory
const s = new Set();
for (let i = 0; ; i++) s.add('key'.repeat(100) + i);
