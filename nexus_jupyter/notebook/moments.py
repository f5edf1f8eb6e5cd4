"""Moments as people write them, and columns of answers as they read them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.errors import TriLogError
from nexus_jupyter.protocol.trilog import PRESENT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["decoded", "moment", "nanoseconds", "reached"]

#: Years that the history's moments reach, in nanoseconds and in any zone.
FIRST_YEAR, LAST_YEAR = 1900, 2261


def moment(time: str | datetime | pd.Timestamp) -> int:
    """Return what a question asks for: a moment as `reached` gives it, or for "now" the newest state."""
    return PRESENT if isinstance(time, str) and time.strip().lower() == "now" else reached(time)


def reached(time: str | datetime | pd.Timestamp) -> int:
    """Return a moment as `nanoseconds`; one that is too far away is that at which counting begins or ends.

    Nothing was before the one, and after the other all is as it is now.
    """
    stamp = _stamp(time)
    if stamp.year < FIRST_YEAR:
        return -PRESENT
    return PRESENT if stamp.year > LAST_YEAR else _counted(stamp)


def nanoseconds(time: str | datetime | pd.Timestamp) -> int:
    """Return a moment as nanoseconds since the epoch.

    One without a zone is local; in an hour that comes twice, its ``fold`` says which is meant.

    Raises
    ------
    TriLogError
        If it is no time, or too far away.
    """
    stamp = _stamp(time)
    if not FIRST_YEAR <= stamp.year <= LAST_YEAR:
        raise TriLogError(
            f"{time!r} is outside of the years {FIRST_YEAR} to {LAST_YEAR}, which the history can count.",
            hint="Write it like '2026-11-23 14:30'.",
        )
    return _counted(stamp)


def _stamp(time: str | datetime | pd.Timestamp) -> pd.Timestamp:
    import pandas as pd

    if isinstance(time, str) and time.strip().lower() in {"now", "today"}:
        return pd.Timestamp.now(tz="UTC")  # by local time, an hour that comes twice would be the first
    try:
        stamp = pd.Timestamp(time)
    except (ValueError, TypeError, OverflowError) as error:
        raise TriLogError(f"{time!r} is no time: {error}.", hint="Write it like '2026-11-23 14:30'.") from error
    if pd.isna(stamp):
        raise TriLogError("The time is missing.", hint="Write it like '2026-11-23 14:30'.")
    return stamp


def _counted(stamp: pd.Timestamp) -> int:
    count = int(stamp.as_unit("ns").value)
    if stamp.tzinfo is None:
        # The offset of that day, without losing the nanoseconds that Python's own times have not.
        offset = stamp.to_pydatetime(warn=False).astimezone().utcoffset()
        count -= int(offset / timedelta(microseconds=1)) * 1000 if offset is not None else 0
    return count


def decoded(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Turn the JSON texts of columns into values."""
    import pandas as pd

    for column in columns:
        values = [None if not isinstance(text, str) or not text else json.loads(text) for text in frame[column]]
        frame[column] = pd.Series(values, index=frame.index, dtype=object)
    return frame
