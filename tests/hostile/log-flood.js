// expect: value null,timeout
for (let i = 0; i < 1e5; i++) nx.log('x'.repeat(5000));
