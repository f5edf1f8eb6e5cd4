// expect: threw
await nx.files.read('a\0.txt');
