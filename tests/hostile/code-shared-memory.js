// expect: threw
return new SharedArrayBuffer(8);
