// expect: threw
Promise.reject(new Error('lost'));
