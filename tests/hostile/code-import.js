// expect: threw
return import('fs');
