// expect: threw
return Reflect.construct((() => {}).constructor, ['return 1'])();
