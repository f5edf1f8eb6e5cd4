// expect: timeout,memory
for (;;) Date.parse('2024-01-01T00:00:00Z'.padEnd(1000));
