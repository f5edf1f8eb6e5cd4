// expect: timeout,memory,threw
return (7n ** 9000000n).toString().length;
