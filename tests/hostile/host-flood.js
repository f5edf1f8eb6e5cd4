// expect: threw
await Promise.all(Array.from({ length: 1000 }, () => nx.fetch('https://example.org/')));
