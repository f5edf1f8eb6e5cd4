"""A standing attacker: random messages of everybody to the real product, which must withstand them.

``python -m tests.attacker --seconds 600`` starts a Jupyter server with the extension, and people with every set of
rights who send it what a seeded generator makes, over every carrier. Witnesses watch meanwhile; whatever one of them
sees is a finding, and the run ends with exit code 1. ``--plant`` switches on one of the faults in `plants`, which the
attacker must then find; they are applied by the server's configuration file, never by the product.
"""
