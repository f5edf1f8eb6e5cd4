// expect: threw
return setTimeout('1');
