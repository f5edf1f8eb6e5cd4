// expect: timeout
((a = (() => { for (;;) {} })()) => a)();
