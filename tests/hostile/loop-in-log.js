// expect: timeout
nx.log({ toJSON() { for (;;) {} } });
