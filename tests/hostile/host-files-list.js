// expect: denied
return nx.files.list();
