// expect: timeout
'a'.repeat(45).split(/(a+)+c/);
