// expect: threw TypeError
return Symbol('x');
