// expect: threw,value null
Object.getPrototypeOf = () => null;
