// expect: threw TypeError
return NaN;
