"""Keys and pointers, pressed as people press them, in controls that a notebook's cell surrounds."""
