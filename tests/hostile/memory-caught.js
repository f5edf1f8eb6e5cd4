// expect: value "RangeError|InternalError"
try {
  const a = [];
  for (;;) a.push(new Uint8Array(1 << 20).fill(1));
} catch (error) {
  return 'RangeError|InternalError'.includes(error.name) ? 'RangeError|InternalError' : error.name;
}
