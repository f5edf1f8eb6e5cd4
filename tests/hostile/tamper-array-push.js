// expect: threw,value null
Array.prototype.push = function () { throw 1; };
