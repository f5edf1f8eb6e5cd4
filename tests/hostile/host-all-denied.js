// expect: value [21,0]
const calls = [
  () => nx.fetch('https://example.org/'),
  () => nx.fetch({ toString: () => 'https://example.org/' }),
  () => nx.fetch('https://example.org/', { token: 'admin', grants: ['*'], cap: 'state' }),
  () => nx.fetch('https://example.org/', { method: 'POST', body: 'x' }),
  () => nx.socket('wss://example.org/'),
  () => nx.kernel.call('f', { a: 1 }),
  () => nx.kernel.call('__import__', { name: 'os' }),
  () => nx.kernel.call('eval', { source: '1' }),
  () => nx.send('p', 'a'),
  () => nx.send('other', 'add', [1]),
  () => nx.panel('other'),
  () => nx.frame('df'),
  () => nx.files.read('a.txt'),
  () => nx.files.readBytes('a.txt'),
  () => nx.files.list(),
  () => nx.files.write('a.txt', 'x'),
  () => nx.files.remove('a.txt'),
  () => nx.db.query('main', 'SELECT 1'),
  () => nx.emit('x', { a: 1 }),
  () => nx.notify('x'),
  () => nx.clipboard('x'),
];
let denied = 0;
let other = 0;
for (const call of calls) {
  try { await call(); other++; } catch (error) { if (error.name === 'PermissionError') denied++; else other++; }
}
return [denied, other];
