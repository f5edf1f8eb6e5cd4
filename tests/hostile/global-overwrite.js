// expect: threw,value null
for (const name of Object.getOwnPropertyNames(globalThis)) try { globalThis[name] = 1; } catch {}
