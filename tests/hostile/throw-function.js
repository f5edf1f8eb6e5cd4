// expect: threw
throw () => 1;
