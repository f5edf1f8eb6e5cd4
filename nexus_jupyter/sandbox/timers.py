"""Timers for handlers: the host waits, so that a run that waits has no thread."""

from __future__ import annotations

import asyncio
import math

from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.sandbox.host import Answerable, Arguments, Caller, Operations

__all__ = ["timers"]


def timers() -> Operations:
    """Return the operations ``time.*``."""
    return {"time.wait": _wait}


async def _wait(_caller: Caller, args: Arguments) -> Answerable:
    """Answer after some milliseconds; a run that lasts too long meanwhile is ended as any other."""
    milliseconds = args.get("milliseconds")
    if not isinstance(milliseconds, (int, float)) or not math.isfinite(milliseconds) or milliseconds < 0:
        raise RequestError("A timer takes a number of milliseconds.")
    await asyncio.sleep(milliseconds / 1e3)
    return None
