// expect: output
return new Array(3e5).fill('abcd');
