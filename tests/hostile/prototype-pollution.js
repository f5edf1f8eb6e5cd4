// expect: value null
Object.prototype.polluted = 1;
