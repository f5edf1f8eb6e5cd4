// expect: threw
return Deno.exit();
