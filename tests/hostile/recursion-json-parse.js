// expect: stack
JSON.parse('['.repeat(1e6));
