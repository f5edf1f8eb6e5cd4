// expect: threw
return new WebAssembly.Module(new Uint8Array(8));
