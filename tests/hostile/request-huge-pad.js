// expect: threw,memory
'x'.padEnd(2 ** 31);
