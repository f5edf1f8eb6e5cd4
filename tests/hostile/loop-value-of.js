// expect: timeout
return 1 + { valueOf() { for (;;) {} } };
