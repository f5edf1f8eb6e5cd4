// expect: threw
return Array.prototype.map.constructor('return 1')();
