// expect: timeout
'aaa'.replaceAll('a', () => { for (;;) {} });
