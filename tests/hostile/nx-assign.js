// expect: threw TypeError
nx.now = 1;
