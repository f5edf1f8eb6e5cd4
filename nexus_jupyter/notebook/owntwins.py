"""A notebook's own twins: their classes made known, what they are like recorded; and what is to be forgotten."""

from __future__ import annotations

import json
import time as clock
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from nexus_jupyter.notebook.moments import decoded, nanoseconds
from nexus_jupyter.protocol.telemetry import TwinRecord
from nexus_jupyter.protocol.trilog import ForgetUser, RecordTwins, RegisterTwin, RetainFrom, SqlQuestion

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.host import Host
    from nexus_jupyter.trilog import TwinObject, TwinProcess

__all__ = ["OwnTwins"]

C = TypeVar("C", bound="type[TwinObject | TwinProcess]")


class OwnTwins:
    """The part of ``ws.trilog`` that takes something in.

    Parameters
    ----------
    host
        Where the workspace lives.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def sql(self, query: str) -> pd.DataFrame:
        """Ask in SQL (ClickHouse's), read-only and with limits. The table of changes is ``twin_changes``.

        Raises
        ------
        TriLogError
            If the database refuses the query.
        """
        answer: pd.DataFrame = self._host.trilog.ask(SqlQuestion(sql=query)).to_pandas()
        return answer

    # A notebook's own twins

    def register(self, model: C) -> C:
        """Make a class of twins known, so that they can be recorded; can be used as a decorator.

        Examples
        --------
        ::

            from nexus_jupyter.trilog import TwinObject, pii, tracked

            @ws.trilog.register
            class Sensor(TwinObject):
                title: str
                readings: dict[str, float] = tracked()
                serial: str = pii()
        """
        self._host.trilog.carry_out(RegisterTwin(twin=model.schema_of()))
        return model

    def record(
        self, twin: TwinObject | TwinProcess, *, time: str | datetime | pd.Timestamp | None = None, cause: str = ""
    ) -> None:
        """Record what an object is like, or that a process reached a step. Safe on disk when it returns.

        Only fields that were given are recorded, and never private ones. What does not fit the registered schema is
        kept apart, in `quarantine`.

        Parameters
        ----------
        twin
            An instance of a class that was registered.
        time
            When it was so; now when left out. It may be long ago.
        cause
            Why, in a few words.
        """
        given = twin.record(nanoseconds(time) if time is not None else clock.time_ns())
        if isinstance(given, TwinRecord):
            self._host.trilog.carry_out(RecordTwins(twins=[given.model_copy(update={"cause": cause})]))
        else:
            self._host.trilog.carry_out(RecordTwins(steps=[given]))

    def schemas(self) -> pd.DataFrame:
        """Return the schemas of all twins: kind, version, role, fields, registered_at."""
        found = "SELECT kind, version, argMax(schema, registered_at) AS form, max(twin_schemas.registered_at) AS at "
        found += "FROM twin_schemas GROUP BY kind, version ORDER BY kind, version"
        frame = self.sql(found)
        forms = [json.loads(text) for text in frame.pop("form")]
        frame.insert(2, "role", [form["role"] for form in forms])
        frame.insert(3, "fields", [sorted(form["fields"]) for form in forms])
        return frame.rename(columns={"at": "registered_at"})

    def quarantine(self) -> pd.DataFrame:
        """Return what was recorded and does not fit its schema: ts, kind, name, reason, event."""
        return decoded(self.sql("SELECT ts, kind, name, reason, event FROM twin_quarantine ORDER BY ts"), "event")

    # Upkeep

    def forget(self, user: str) -> None:
        """Take a person out of every table of the history; what they did stays, without who they were.

        The journal is not changed: it is the workspace's own record, and `Workspace.compact` drops its old part.
        """
        self._host.trilog.carry_out(ForgetUser(user=user))

    def retain(self, since: str | datetime | pd.Timestamp) -> None:
        """Drop what was over before a moment. The state at any moment from then on stays what it is."""
        self._host.trilog.carry_out(RetainFrom(ts=nanoseconds(since)))
