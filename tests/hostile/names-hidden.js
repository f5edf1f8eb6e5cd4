// expect: value ["undefined","undefined","undefined","undefined"]
return [typeof handlers, typeof pending, typeof requests, typeof __define];
