// expect: threw
throw 'x'.repeat(1e7);
