// expect: threw ReferenceError
return state.constructor;
