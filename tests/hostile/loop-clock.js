// expect: timeout
const start = Date.now();
while (Date.now() - start < 1000) {}
