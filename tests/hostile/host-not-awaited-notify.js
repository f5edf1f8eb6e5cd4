// expect: denied
nx.notify('x');
return 1;
