// expect: threw
return eval('1');
