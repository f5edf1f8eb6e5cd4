// expect: never
await Promise.race([]);
