// expect: timeout
Object.groupBy([1], () => { for (;;) {} });
