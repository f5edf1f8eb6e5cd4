// expect: output
state.list = ['x'.repeat(2e6)];
