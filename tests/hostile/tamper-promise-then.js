// expect: threw,never,value null
Promise.prototype.then = function () { throw 1; };
Promise.prototype.catch = function () { throw 1; };
