// expect: threw
await nx.fetch(Symbol('x'));
