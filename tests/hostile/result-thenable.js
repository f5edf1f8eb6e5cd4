// expect: value true
return Object.freeze({ then(resolve) { resolve(true); } });
