// expect: memory
const a = [];
for (;;) a.push(new RegExp('a{1,100}b'.repeat(20)), new Array(500).fill(0));
