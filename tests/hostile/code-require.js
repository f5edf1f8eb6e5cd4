// expect: threw
return require('fs');
