// expect: timeout
const tag = () => { for (;;) {} };
tag`x`;
