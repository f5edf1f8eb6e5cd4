// expect: value null
globalThis.Error = null;
globalThis.TypeError = null;
