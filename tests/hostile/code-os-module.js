// expect: threw
return os.exec(['id']);
