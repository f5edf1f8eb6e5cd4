"""Attacks that end in a page, driven in a real Chromium; run with the tests in ``tests/browser``."""
