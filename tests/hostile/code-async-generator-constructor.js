// expect: threw
return (async function* () {}).constructor('yield 1')();
