// expect: output
return 'x'.repeat(8e6);
