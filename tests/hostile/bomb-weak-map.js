// expect: memory
const m = new WeakMap();
const keep = [];
for (;;) { const k = {}; keep.push(k); m.set(k, new Array(1000).fill(0)); }
