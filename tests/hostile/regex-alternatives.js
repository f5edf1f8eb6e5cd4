// expect: timeout
/^(a|a)*$/.test('a'.repeat(50) + 'b');
