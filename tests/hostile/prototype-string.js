// expect: value null
String.prototype.slice = () => 'x';
String.prototype.at = null;
