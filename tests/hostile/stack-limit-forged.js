// expect: value null
Error.stackTraceLimit = Infinity;
try { null.x; } catch {}
