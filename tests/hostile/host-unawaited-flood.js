// expect: denied,threw,timeout
for (let i = 0; i < 1e5; i++) nx.notify('x').catch(() => {});
await nx.notify('y');
