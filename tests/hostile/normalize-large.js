// expect: timeout,memory
const s = 'é'.repeat(1e6);
for (;;) s.normalize('NFD');
