// expect: timeout
Uint8Array.from([1], () => { for (;;) {} });
