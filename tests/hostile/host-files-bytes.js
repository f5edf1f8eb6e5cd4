// expect: denied
return nx.files.readBytes('a.txt');
