// expect: threw
return Object.getPrototypeOf(Object.getPrototypeOf(async () => {})).constructor('return 1')();
