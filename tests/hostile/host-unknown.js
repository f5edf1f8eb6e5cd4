// expect: threw
await nx.ai('hello');
