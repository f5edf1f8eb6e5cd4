// expect: threw
return loadScript('x');
