// expect: value null
JSON.stringify = () => 'forged';
JSON.parse = null;
