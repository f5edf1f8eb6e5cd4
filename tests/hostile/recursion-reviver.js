// expect: stack
const r = () => JSON.parse('[1]', r);
JSON.parse('[1]', r);
