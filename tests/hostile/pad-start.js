// expect: timeout,memory
for (;;) 'x'.padStart(1e7).length;
