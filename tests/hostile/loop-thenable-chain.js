// expect: timeout
const t = { then(resolve) { resolve(t); } };
await t;
