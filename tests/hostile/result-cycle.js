// expect: threw TypeError
const a = [];
a.push(a);
return a;
