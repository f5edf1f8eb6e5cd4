// expect: timeout
let x = 1n;
for (;;) x = (x + 1n) % 97n;
