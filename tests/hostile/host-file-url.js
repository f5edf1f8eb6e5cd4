// expect: threw
await nx.fetch('file:///etc/passwd');
