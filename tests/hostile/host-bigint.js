// expect: threw
await nx.kernel.call('f', { a: 1n });
