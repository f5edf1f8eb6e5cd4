// expect: timeout,memory
const a = [];
for (let i = 0; i < 1e6; i++) a.push({ a: i });
for (;;) JSON.stringify(a);
