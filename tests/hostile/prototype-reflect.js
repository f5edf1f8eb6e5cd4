// expect: value null
globalThis.Reflect = null;
globalThis.Proxy = null;
