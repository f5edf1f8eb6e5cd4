// expect: value null
Object.prototype.__defineGetter__('x', () => 1);
