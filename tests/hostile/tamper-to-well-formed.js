// expect: threw,value null
String.prototype.toWellFormed = () => ({});
