// expect: timeout
for (;;) new Date().toISOString();
