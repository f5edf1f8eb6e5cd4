// expect: threw
return std.exit();
