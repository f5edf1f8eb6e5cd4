// expect: threw TypeError
return 1n;
