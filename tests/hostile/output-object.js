// expect: output,timeout
return Object.fromEntries(Array.from({ length: 2e5 }, (_, i) => ['key' + i, i]));
