// expect: value null
Map.prototype.get = () => ({ resolve() {}, reject() {} });
Map.prototype.set = null;
