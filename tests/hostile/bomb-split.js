// expect: memory
const s = 'x,'.repeat(1e7);
const a = [];
for (;;) a.push(s.split(','));
