// expect: threw
return engine.receive({});
