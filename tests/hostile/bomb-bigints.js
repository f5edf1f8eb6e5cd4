// expect: memory
const a = [];
for (;;) a.push(2n ** 100000n + BigInt(a.length));
