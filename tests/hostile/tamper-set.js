// expect: threw,value null
Set.prototype.has = () => { throw 1; };
