// expect: threw
return (() => {}).constructor('return 1')();
