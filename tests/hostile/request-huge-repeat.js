// expect: threw,memory
'abc'.repeat(2 ** 29);
