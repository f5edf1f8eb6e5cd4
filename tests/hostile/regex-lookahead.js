// expect: timeout
/(?=(a+)+b)x/.test('a'.repeat(60));
