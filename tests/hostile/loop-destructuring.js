// expect: timeout
const { a = (() => { for (;;) {} })() } = {};
