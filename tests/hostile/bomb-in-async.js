// expect: memory
await null;
const a = [];
for (;;) a.push(new Uint8Array(1 << 20).fill(1));
