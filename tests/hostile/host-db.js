// expect: denied
return nx.db.query('main', 'SELECT 1');
