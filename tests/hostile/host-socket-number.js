// expect: threw
const s = { socket: 1 };
await nx.socket('http://example.org/');
