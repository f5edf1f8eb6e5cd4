// expect: threw
await nx.files.read('../journal.db');
