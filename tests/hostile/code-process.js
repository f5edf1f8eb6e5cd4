// expect: threw
return process.exit();
