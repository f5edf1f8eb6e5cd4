"""How much is tried: a part in each run of all tests, so that it stays short, and everything with ``SLOW=1``."""

from __future__ import annotations

import os

__all__ = ["SLOW"]

SLOW = bool(os.environ.get("SLOW"))
