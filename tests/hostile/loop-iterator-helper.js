// expect: timeout
[1].values().map(() => { for (;;) {} }).toArray();
