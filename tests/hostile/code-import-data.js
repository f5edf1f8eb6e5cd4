// expect: threw
return import('data:text/javascript,1');
