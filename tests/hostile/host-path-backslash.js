// expect: threw
await nx.files.read('..\\..\\x');
