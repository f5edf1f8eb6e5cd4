// expect: denied
await nx.ai('hello');
