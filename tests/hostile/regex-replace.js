// expect: timeout
'a'.repeat(45).replace(/(a+)+c/, '');
