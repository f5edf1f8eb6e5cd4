const extra = 42;
