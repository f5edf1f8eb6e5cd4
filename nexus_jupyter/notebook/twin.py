"""One object through time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nexus_jupyter.notebook.moments import decoded, moment
from nexus_jupyter.protocol.errors import NotFoundError, TriLogError
from nexus_jupyter.protocol.trilog import TwinAt, TwinHistory

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.frames import HistoryFrame
    from nexus_jupyter.notebook.trilog_host import TriLogHost
    from nexus_jupyter.trilog import TwinObject

__all__ = ["Twin"]

T = TypeVar("T", bound="TwinObject")


class Twin(Generic[T]):
    """One object through time.

    Parameters
    ----------
    host
        Where the history is.
    kind
        The object's type, such as ``Panel``.
    name
        Its id.
    model
        The class that models it, for `load`.
    """

    def __init__(self, host: TriLogHost, kind: str, name: str, model: type[T] | None = None) -> None:
        self._host = host
        self._kind = kind
        self._name = name
        self._model = model

    def at(
        self, time: str | datetime | pd.Timestamp, *, recorded_by: str | datetime | pd.Timestamp | None = None
    ) -> pd.DataFrame:
        """Return the object's state at a moment: field, value, since, rev, actor, cause.

        Parameters
        ----------
        time
            When it was so. Anything pandas takes as a time; without a time zone it is local time. "now" is the newest
            state, also when the machine's clock was put back.
        recorded_by
            Leave out what was recorded after this moment: not what it was, but what was known of it.

        Examples
        --------
        One row per field, by name::

            >>> ws.trilog.twin("Panel", "sales").at("2026-11-23 14:30")
                      field  value                            since  rev actor            cause
            0  state.region  north 2026-11-23 13:29:58.114+00:00     41   ann  set by input on r
            1         title  Sales 2026-11-23 13:02:11.902+00:00     12   ann  create by cell
        """
        return self._at(time, recorded_by).drop(columns="version")

    def history(
        self,
        field: str | None = None,
        *,
        start: str | datetime | pd.Timestamp | None = None,
        end: str | datetime | pd.Timestamp | None = None,
    ) -> HistoryFrame:
        """Return the values that a field (or each) had, with the intervals in which they held.

        Parameters
        ----------
        field
            Such as ``title`` or ``state.count``; ``state`` is all of its entries.
        start, end
            Only what held between these moments.

        Returns
        -------
        HistoryFrame
            field, value, valid_from, valid_to (missing while it holds), rev, actor, cause, recorded_at; ``plot()``
            draws a field over time.
        """
        question = TwinHistory(
            type=self._kind,
            id=self._name,
            field=field,
            start=moment(start) if start is not None else None,
            end=moment(end) if end is not None else None,
        )
        from nexus_jupyter.notebook.frames import HistoryFrame

        return HistoryFrame(decoded(self._host.ask(question).to_pandas(), "value"))

    def load(self, time: str | datetime | pd.Timestamp = "now") -> T:
        """Return the object as its class models it, as it was at a moment; older versions are upgraded.

        Raises
        ------
        TriLogError
            If the twin was asked for by name, not by class.
        NotFoundError
            If it was not there then.
        """
        model = self._model
        if model is None:
            raise TriLogError(
                "Only twins of a class can be loaded.",
                hint=f"Give the registered class in place of {self._kind!r}: ws.trilog.twin(CLASS, {self._name!r}).",
            )
        rows = self._at(time, None)
        if rows.empty:
            raise NotFoundError(f"There was no {self._kind} '{self._name}' then.")
        entries = {name for name, field in model.schema_of().fields.items() if field.tracked}
        fields: dict[str, Any] = {}  # Any: JSON
        for name, value in zip(rows["field"], rows["value"], strict=True):
            whole, dot, key = str(name).partition(".")
            if dot and whole in entries:
                fields.setdefault(whole, {})[key] = value
            else:
                fields[str(name)] = value
        version = int(rows["version"].max())
        if version < model.version:
            fields = model.upgrade(version, fields)
        return model.model_validate({"id": self._name, **fields})

    def _at(
        self, time: str | datetime | pd.Timestamp, recorded_by: str | datetime | pd.Timestamp | None
    ) -> pd.DataFrame:
        known = moment(recorded_by) if recorded_by is not None else None
        question = TwinAt(type=self._kind, id=self._name, ts=moment(time), recorded_by=known)
        from nexus_jupyter.notebook.frames import HistoryFrame

        return HistoryFrame(decoded(self._host.ask(question).to_pandas(), "value"))

    def __repr__(self) -> str:
        return f"Twin({self._kind}, {self._name!r})"
