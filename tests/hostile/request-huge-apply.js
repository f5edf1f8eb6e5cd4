// expect: threw,memory
String.fromCharCode.apply(null, new Array(1e7).fill(65));
