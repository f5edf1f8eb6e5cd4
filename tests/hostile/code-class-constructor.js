// expect: threw
return (class {}).constructor('return 1')();
