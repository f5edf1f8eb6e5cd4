// expect: denied
return nx.files.read('a.txt');
