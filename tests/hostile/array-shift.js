// expect: timeout,memory
const a = Array.from({ length: 1e6 }, (_, i) => i);
while (a.length) { a.shift(); a.unshift(1); a.unshift(2); }
