// expect: threw TypeError
nx.files.read = 1;
