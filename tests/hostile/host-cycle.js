// expect: threw
const o = {};
o.o = o;
await nx.emit('x', o);
