// expect: denied
return nx.fetch({ toString: () => 'https://example.org/' });
