// expect: threw,value null
Array.prototype[Symbol.iterator] = null;
delete globalThis.Array;
