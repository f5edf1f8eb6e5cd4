// expect: threw TypeError
state.n = JSON.parse('{"__proto__": 1}');
