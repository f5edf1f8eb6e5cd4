// expect: threw
throw Symbol('x');
