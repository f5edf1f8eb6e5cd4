// expect: timeout
/^(a*)*(a*)*(a*)*b/.test('a'.repeat(60));
