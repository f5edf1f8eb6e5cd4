// expect: threw
await nx.files.read('/etc/passwd');
