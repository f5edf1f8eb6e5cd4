// expect: memory
let a = [];
for (;;) a = [a, new Array(10000).fill(1)];
