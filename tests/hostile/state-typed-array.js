// expect: threw TypeError
state.list = new Uint8Array(4);
