// expect: threw,value null
Array.isArray = () => true;
return null;
