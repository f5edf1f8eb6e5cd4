// expect: threw,value null
Promise.prototype.then = () => {};
