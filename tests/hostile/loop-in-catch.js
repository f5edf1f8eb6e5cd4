// expect: timeout
try { throw 1; } catch { for (;;) {} }
