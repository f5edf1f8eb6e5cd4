// expect: timeout
const o = { [(() => { for (;;) {} })()]: 1 };
