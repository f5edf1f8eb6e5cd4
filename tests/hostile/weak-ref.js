// expect: value null
new WeakRef({}).deref();
new FinalizationRegistry(() => { for (;;) {} }).register({}, 1);
