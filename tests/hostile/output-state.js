// expect: output
state.list = ['x'.repeat(8e6)];
