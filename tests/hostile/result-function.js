// expect: threw TypeError
return () => 1;
