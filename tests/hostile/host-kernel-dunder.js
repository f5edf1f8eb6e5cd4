// expect: denied
return nx.kernel.call('__import__', { name: 'os' });
