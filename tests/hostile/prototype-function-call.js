// expect: value null
const proto = Object.getPrototypeOf(() => {});
proto.call = null;
proto.apply = null;
proto.bind = null;
