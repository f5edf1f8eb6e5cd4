// expect: timeout
return ({}) instanceof { [Symbol.hasInstance]() { for (;;) {} } };
