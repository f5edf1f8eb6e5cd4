// expect: denied
return nx.frame('df');
