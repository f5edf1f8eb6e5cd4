// expect: timeout
await Promise.resolve().finally(() => { for (;;) {} });
