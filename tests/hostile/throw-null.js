// expect: threw
throw null;
