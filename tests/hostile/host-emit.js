// expect: denied
return nx.emit('x', { a: 1 });
