// expect: threw
return (async () => {}).constructor('return 1')();
