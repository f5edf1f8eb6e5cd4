// expect: value null
Error.prepareStackTrace = () => { for (;;) {} };
new Error('x').stack;
