// expect: memory
const a = [];
function* g() { const big = new Array(1000).fill(0); yield big; }
for (;;) { const it = g(); it.next(); a.push(it); }
