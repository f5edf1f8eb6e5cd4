// expect: threw
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
await nx.fetch('https://example.org/', proxy);
