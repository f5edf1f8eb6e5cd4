// expect: threw,memory
new ArrayBuffer(2 ** 31);
