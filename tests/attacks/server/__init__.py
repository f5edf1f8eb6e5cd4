"""Attacks on a Jupyter server within the test's process; run with ``-p pytest_jupyter.jupyter_server``."""
