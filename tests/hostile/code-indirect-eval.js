// expect: threw
return (0, eval)('1');
