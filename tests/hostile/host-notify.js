// expect: denied
return nx.notify('x');
