// expect: threw
return (() => {}).bind().constructor('return 1')();
