// expect: memory
let s = 'xy';
for (;;) { s = s + s; s.charCodeAt(3); }
