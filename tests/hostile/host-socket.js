// expect: denied
return nx.socket('wss://example.org/');
