// expect: threw
await nx.fetch('https://example.org/', { headers: { 'x': 'a\r\nhost: b' } });
