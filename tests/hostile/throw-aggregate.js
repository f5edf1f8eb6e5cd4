// expect: threw
throw new AggregateError([new Error('a')], 'many');
