// expect: threw
throw new Error('x', { cause: new Proxy({}, { get() { throw 1; } }) });
