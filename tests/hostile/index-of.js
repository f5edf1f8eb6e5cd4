// expect: timeout,memory
const s = 'a'.repeat(5e6);
for (;;) s.indexOf('b'.repeat(10));
