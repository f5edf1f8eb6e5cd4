// expect: value null
Error.prepareStackTrace = (e, frames) => frames;
new Error('x').stack;
