// expect: threw
throw undefined;
