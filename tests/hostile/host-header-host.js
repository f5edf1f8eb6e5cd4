// expect: threw
await nx.fetch('https://example.org/', { headers: { host: 'internal' } });
