// expect: threw
return globalThis.Function('return 1')();
