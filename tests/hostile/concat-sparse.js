// expect: timeout,memory
const a = { length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true };
[].concat(a);
