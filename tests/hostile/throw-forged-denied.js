// expect: threw
const e = new Error('x');
e.name = 'MemoryError';
throw e;
