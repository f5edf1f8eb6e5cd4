// expect: threw
throw new Error('é'.repeat(1e6));
