// expect: denied
return nx.kernel.call('eval', { source: '1' });
