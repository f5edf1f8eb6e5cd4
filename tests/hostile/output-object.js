// expect: output,timeout
return Object.fromEntries(Array.from({ length: 2e4 }, (_, i) => ['key' + i, 'x'.repeat(500)]));
