// expect: stack
const f = async () => f();
await f();
