// expect: denied
return nx.fetch('https://example.org/', { method: 'POST', body: 'x' });
