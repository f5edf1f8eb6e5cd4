// expect: stack
JSON.parse('{"a":'.repeat(1e6));
