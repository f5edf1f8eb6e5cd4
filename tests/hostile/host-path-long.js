// expect: threw
await nx.files.write('x'.repeat(10000), 'x');
