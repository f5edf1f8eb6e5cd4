// expect: threw
throw { name: 1, message: 2, stack: 3 };
