// expect: never
await { then() {} };
