// expect: threw TypeError
Object.defineProperty(nx, 'fetch', { value: 1 });
