// expect: denied
return nx.kernel.call('f', { a: 1 });
