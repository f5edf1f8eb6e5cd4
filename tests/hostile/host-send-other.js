// expect: denied
return nx.send('other', 'add', [1]);
