"""``ws.trilog``: what was it, when, and why did it change, as DataFrames."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from nexus_jupyter.notebook.host import Host
from nexus_jupyter.notebook.timebar import TimeBar
from nexus_jupyter.protocol.errors import TriLogError
from nexus_jupyter.protocol.trilog import SqlQuestion, TwinAt, TwinHistory

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TriLogFace", "Twin"]


class Twin:
    """One object through time.

    Parameters
    ----------
    host
        Where the workspace lives.
    kind
        The object's type, such as ``Panel``.
    name
        Its id.
    """

    def __init__(self, host: Host, kind: str, name: str) -> None:
        self._host = host
        self._kind = kind
        self._name = name

    def at(self, time: str | datetime | pd.Timestamp) -> pd.DataFrame:
        """Return the object's state at a moment: field, value, since, rev, actor, cause.

        Parameters
        ----------
        time
            Anything pandas takes as a time; without a time zone it is local time.
        """
        question = TwinAt(type=self._kind, id=self._name, ts=_nanoseconds(time))
        return _decoded(self._host.ask(question).to_pandas())

    def history(self, field: str | None = None) -> pd.DataFrame:
        """Return the values that a field (or each) had: field, value, valid_from, valid_to, rev, actor, cause.

        Parameters
        ----------
        field
            Such as ``title`` or ``state.count``.
        """
        question = TwinHistory(type=self._kind, id=self._name, field=field)
        return _decoded(self._host.ask(question).to_pandas())

    def __repr__(self) -> str:
        return f"Twin({self._kind}, {self._name!r})"


class TriLogFace:
    """Everything that happened in the workspace. Every answer includes all changes acknowledged before the question."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def twin(self, kind: str, name: str) -> Twin:
        """Return an object through time, such as ``twin("Panel", "counter")``."""
        return Twin(self._host, kind, name)

    def timebar(self) -> TimeBar:
        """Return the time bar: it shows all panels of the page as they were, and takes single changes back."""
        return TimeBar(self._host)

    def sql(self, query: str) -> pd.DataFrame:
        """Ask in SQL (ClickHouse's), read-only and with limits. The table of changes is ``twin_changes``.

        Raises
        ------
        TriLogError
            If the database refuses the query.
        """
        answer: pd.DataFrame = self._host.ask(SqlQuestion(sql=query)).to_pandas()
        return answer


def _nanoseconds(time: str | datetime | pd.Timestamp) -> int:
    import pandas as pd

    try:
        stamp = pd.Timestamp(time)
    except (ValueError, TypeError) as error:
        raise TriLogError(f"{time!r} is no time: {error}.", hint="Write it like '2026-11-23 14:30'.") from error
    if pd.isna(stamp):
        raise TriLogError("The time is missing.", hint="Write it like '2026-11-23 14:30'.")
    if stamp.tzinfo is None:
        stamp = pd.Timestamp(stamp.to_pydatetime().astimezone())
    return int(stamp.as_unit("ns").value)


def _decoded(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn the JSON texts of the values into values."""
    import json

    frame["value"] = [None if text in (None, "") else json.loads(text) for text in frame["value"]]
    return frame
