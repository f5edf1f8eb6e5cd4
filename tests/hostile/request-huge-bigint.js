// expect: threw,memory
1n << 1000000000000n;
