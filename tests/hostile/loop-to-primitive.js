// expect: timeout
return +{ [Symbol.toPrimitive]() { for (;;) {} } };
