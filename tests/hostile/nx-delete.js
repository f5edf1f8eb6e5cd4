// expect: threw TypeError
delete nx.log;
