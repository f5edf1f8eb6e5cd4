// expect: value "caught"
function f() { f(); }
try { f(); } catch (error) { return error instanceof RangeError ? 'caught' : error.name; }
