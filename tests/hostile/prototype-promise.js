// expect: value null
Promise.prototype.finally = null;
Promise.resolve = () => 1;
