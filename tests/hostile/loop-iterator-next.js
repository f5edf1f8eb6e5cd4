// expect: timeout
const it = { [Symbol.iterator]: () => ({ next() { for (;;) {} } }) };
const [a] = it;
