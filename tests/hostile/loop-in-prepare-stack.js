// expect: timeout
Error.prepareStackTrace = () => { for (;;) {} };
new Error('x').stack;
