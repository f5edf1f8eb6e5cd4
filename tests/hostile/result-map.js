// expect: threw TypeError
return new Map();
