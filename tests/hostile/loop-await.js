// expect: timeout
for (;;) await 0;
