// expect: threw
return print('x');
