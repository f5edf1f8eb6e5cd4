"""Values of tables and databases, as handlers get them."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import uuid
from typing import Any

from nexus_jupyter.protocol.types import MAX_SAFE_INTEGER

__all__ = ["plain_value"]


def plain_value(value: Any) -> Any:  # Any: whatever a table's cell holds, and JSON with bytes
    """Return a cell as JSON has it, bytes as they are: times in ISO 8601, durations in seconds, no number as null.

    A whole number that JavaScript would round is its digits.
    """
    match value:
        case float():
            return value if math.isfinite(value) else None
        case None | bool() | str() | bytes():
            return value
        case int():
            return value if abs(value) <= MAX_SAFE_INTEGER else str(value)
        case decimal.Decimal():
            return plain_value(float(value))
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            return value.total_seconds()
        case uuid.UUID():
            return str(value)
        case dict():
            return {str(key): plain_value(item) for key, item in value.items()}
        case list() | tuple() | set():
            return [plain_value(item) for item in value]
    return str(value)
