// expect: never
await new Promise(() => {});
