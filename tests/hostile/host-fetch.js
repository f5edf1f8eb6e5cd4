// expect: denied
return nx.fetch('https://example.org/');
