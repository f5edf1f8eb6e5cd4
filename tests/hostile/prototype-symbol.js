// expect: value null
globalThis.Symbol = undefined;
