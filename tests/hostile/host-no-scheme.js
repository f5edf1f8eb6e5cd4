// expect: threw
await nx.fetch('//example.org/');
