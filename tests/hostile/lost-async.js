// expect: threw
(async () => { throw new Error('lost'); })();
