// expect: timeout
new Float64Array([3, 2, 1]).sort(() => { for (;;) {} });
