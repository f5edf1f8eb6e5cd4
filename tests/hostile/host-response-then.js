// expect: threw
await nx.fetch.call(null, Symbol.iterator);
