// expect: threw
return __define('a', () => 1);
