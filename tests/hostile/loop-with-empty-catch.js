// expect: timeout
for (;;) { try { null.x; } catch {} }
