// expect: timeout
[...'a'.repeat(45).matchAll(/(a+)+c/g)];
