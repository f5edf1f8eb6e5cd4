// expect: memory
const b = new ArrayBuffer(0, { maxByteLength: 1 << 30 });
const keep = [];
for (let n = 1 << 20; ; n *= 2) { b.resize(n); keep.push(new Uint8Array(n)); }
