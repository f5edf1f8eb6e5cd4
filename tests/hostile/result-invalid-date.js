// expect: threw
return new Date(NaN);
