"""Moments as people write them, and columns of answers as they read them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.errors import TriLogError
from nexus_jupyter.protocol.trilog import PRESENT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["decoded", "moment", "nanoseconds"]


def moment(time: str | datetime | pd.Timestamp) -> int:
    """Return what a question asks for: a moment as `nanoseconds` gives it, or for "now" the newest state."""
    return PRESENT if isinstance(time, str) and time.strip().lower() == "now" else nanoseconds(time)


def nanoseconds(time: str | datetime | pd.Timestamp) -> int:
    """Return a moment as nanoseconds since the epoch.

    Raises
    ------
    TriLogError
        If it is no time.
    """
    import pandas as pd

    try:
        stamp = pd.Timestamp(time)
    except (ValueError, TypeError) as error:
        raise TriLogError(f"{time!r} is no time: {error}.", hint="Write it like '2026-11-23 14:30'.") from error
    if pd.isna(stamp):
        raise TriLogError("The time is missing.", hint="Write it like '2026-11-23 14:30'.")
    if stamp.tzinfo is None:
        # The offset of that day, without losing the nanoseconds that Python's own times have not.
        stamp = stamp.tz_localize(stamp.floor("us").to_pydatetime().astimezone().tzinfo)
    return int(stamp.as_unit("ns").value)


def decoded(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Turn the JSON texts of columns into values."""
    import pandas as pd

    for column in columns:
        values = [None if not isinstance(text, str) or not text else json.loads(text) for text in frame[column]]
        frame[column] = pd.Series(values, index=frame.index, dtype=object)
    return frame
