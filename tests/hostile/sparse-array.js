// expect: timeout,memory
const a = [];
a[4294967294] = 1;
let n = 0;
a.reverse();
