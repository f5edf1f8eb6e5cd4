// expect: value null
Object.freeze(Object.prototype);
Object.freeze(Array.prototype);
Object.freeze(globalThis);
