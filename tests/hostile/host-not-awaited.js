// expect: denied
nx.fetch('https://example.org/');
