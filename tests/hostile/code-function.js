// expect: threw
return new Function('return 1')();
