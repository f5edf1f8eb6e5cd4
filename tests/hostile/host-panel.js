// expect: denied
return nx.panel('other');
