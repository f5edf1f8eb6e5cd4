// expect: timeout
new Promise(() => { for (;;) {} });
