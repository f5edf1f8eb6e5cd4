// expect: threw,memory
new Array(-1);
