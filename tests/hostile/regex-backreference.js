// expect: timeout
/^(a*)*\1b$/.test('a'.repeat(45) + 'c');
