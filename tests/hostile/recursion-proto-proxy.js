// expect: stack,threw
function m() {}
const X = new Proxy(m, {});
X.__proto__ = X;
X++;
