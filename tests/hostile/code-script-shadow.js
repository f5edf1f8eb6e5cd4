// expect: threw
return new ShadowRealm().evaluate('1');
