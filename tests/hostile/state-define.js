// expect: threw TypeError
Object.defineProperty(state, 'n', { get: () => 1 });
