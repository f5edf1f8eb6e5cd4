// expect: denied
return nx.send('p', 'a');
