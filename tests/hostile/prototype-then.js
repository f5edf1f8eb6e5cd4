// expect: value null
Object.prototype.then = function (resolve) { resolve('stolen'); };
delete Object.prototype.then;
