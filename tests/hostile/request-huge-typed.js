// expect: threw,memory
new Float64Array(2 ** 29);
