// expect: value [1,null,3]
return [1, , 3];
