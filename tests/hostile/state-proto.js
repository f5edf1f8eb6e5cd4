// expect: threw ReferenceError
state.__proto__ = {};
