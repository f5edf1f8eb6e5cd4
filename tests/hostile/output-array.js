// expect: output
return new Array(3e6).fill('abcd');
