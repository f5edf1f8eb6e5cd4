// expect: denied
return nx.files.remove('a.txt');
