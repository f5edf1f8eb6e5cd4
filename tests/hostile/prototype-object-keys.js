// expect: value null
Object.keys = () => [];
Object.entries = () => [];
Object.fromEntries = () => ({ stolen: 1 });
