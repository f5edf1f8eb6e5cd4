// expect: threw
await nx.fetch({ toString() { throw new Error('x'); } });
