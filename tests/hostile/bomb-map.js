// expect: memory
const m = new Map();
for (let i = 0; ; i++) m.set({}, new Array(1000).fill(i));
