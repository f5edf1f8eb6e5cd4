// expect: threw TypeError
return { constructor: 1 };
