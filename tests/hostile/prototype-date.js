// expect: value null
Date.now = () => 0;
globalThis.Date = null;
