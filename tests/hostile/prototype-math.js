// expect: value null
Math.random = () => 0;
Math.floor = null;
Math.imul = null;
