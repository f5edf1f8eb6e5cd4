// expect: denied
return nx.fetch('https://example.org/', { token: 'admin', grants: ['*'], cap: 'state' });
