// expect: denied
return nx.files.write('a.txt', 'x');
