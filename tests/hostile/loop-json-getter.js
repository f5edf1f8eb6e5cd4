// expect: timeout
JSON.stringify({ get a() { for (;;) {} } });
