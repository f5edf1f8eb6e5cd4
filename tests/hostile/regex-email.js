// expect: timeout
/^([a-z0-9]+[._-]?)+@x$/.test('a'.repeat(50));
