// expect: stack,threw
let o = [];
for (let i = 0; i < 1e5; i++) o = [o];
state.list = o;
