// What the tests beside this folder use of test262's assertions.
function assert(condition, message) {
  if (condition !== true) throw new Test262Error(message ?? `${String(condition)} is not true`);
}
assert.sameValue = (actual, expected, message) => {
  if (!Object.is(actual, expected)) throw new Test262Error(message ?? `${String(actual)} is not ${String(expected)}`);
};
assert.throws = (kind, action) => {
  try {
    action();
  } catch (error) {
    if (error.constructor === kind) return;
    throw new Test262Error(`${error} is no ${kind.name}`);
  }
  throw new Test262Error(`no ${kind.name} was thrown`);
};
