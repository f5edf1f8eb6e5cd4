// expect: denied
return nx.clipboard('x');
