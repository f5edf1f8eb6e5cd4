// expect: threw
await nx.fetch('https://example.org/', { method: 'GET / HTTP/1.1\r\n' });
