// expect: timeout
for (;;) 'a'.repeat(1000).localeCompare('b');
