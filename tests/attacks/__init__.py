"""What attackers try, one file for each way in. Each module says who attacks, with what, and what must hold.

``server`` has those that drive a Jupyter server within the test's process: run them with
``-p pytest_jupyter.jupyter_server``, apart from those that drive a browser.
"""
