// expect: timeout
(async () => { for (;;) await null; })();
await new Promise(() => {});
