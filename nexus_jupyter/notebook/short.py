"""Values in a few words: what a cell shows of them is kept in the notebook."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping

from nexus_jupyter.protocol.base import JsonValue

__all__ = ["short"]

#: Characters of all together.
_LONGEST = 1500
_ITEMS, _CHARACTERS = 10, 80


def short(values: Mapping[str, JsonValue]) -> str:
    """Return values by name as Python writes them, long ones cut.

    >>> short({"count": 3, "list": list(range(100))})
    'count=3, list=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...]'
    """
    writer = reprlib.Repr()
    writer.maxlist = writer.maxdict = _ITEMS
    writer.maxstring = writer.maxother = _CHARACTERS
    parts: list[str] = []
    left = _LONGEST
    for name, value in values.items():
        part = f"{name}={writer.repr(value)}"
        left -= len(part)
        if left < 0:
            parts.append(f"... {len(values) - len(parts)} more" if parts else f"{part[:_LONGEST]}...")
            break
        parts.append(part)
    return ", ".join(parts)
