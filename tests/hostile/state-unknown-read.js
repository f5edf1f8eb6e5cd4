// expect: threw ReferenceError
return state.secret;
