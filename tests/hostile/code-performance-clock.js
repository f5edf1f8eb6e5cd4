// expect: threw
return performance.now();
