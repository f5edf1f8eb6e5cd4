function Test262Error(message) {
  this.message = message;
}
Test262Error.prototype.toString = function () { return `Test262Error: ${this.message}`; };
Test262Error.prototype.name = "Test262Error";
function $DONOTEVALUATE() { throw "this statement should not be evaluated"; }
