// expect: denied
const e = new Error('x');
e.name = 'PermissionError';
throw e;
