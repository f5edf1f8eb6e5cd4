// expect: timeout,memory
return 'x'.repeat(5e6).split('').map((x) => x + x).reverse().join('').length;
