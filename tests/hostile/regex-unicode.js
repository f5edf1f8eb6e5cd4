// expect: timeout
/^(\p{L}+)+$/u.test('é'.repeat(45) + '1');
