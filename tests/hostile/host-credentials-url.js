// expect: threw
await nx.fetch('https://user:secret@example.org/');
