"""``ws.trilog``: what was it, when, and why did it change, as DataFrames."""

from __future__ import annotations

import json
import time as clock
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from nexus_jupyter.notebook.causetree import CauseTree
from nexus_jupyter.notebook.dashboards import dashboard
from nexus_jupyter.notebook.exchanges import EXCHANGES, exchanges
from nexus_jupyter.notebook.graph import GraphFace
from nexus_jupyter.notebook.host import Host
from nexus_jupyter.notebook.moments import decoded, nanoseconds
from nexus_jupyter.notebook.panel import Panel
from nexus_jupyter.notebook.process import Process
from nexus_jupyter.notebook.timebar import TimeBar
from nexus_jupyter.notebook.twin import Twin
from nexus_jupyter.protocol.errors import NexusError, TriLogError
from nexus_jupyter.protocol.telemetry import TwinRecord
from nexus_jupyter.protocol.trilog import (
    CauseOf,
    ForgetUser,
    RecordTwins,
    RegisterTwin,
    ReplayBetween,
    RetainFrom,
    RevAt,
    SqlQuestion,
    TwinDiff,
    WorkspaceAt,
)

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.panel import Run
    from nexus_jupyter.trilog import TwinObject, TwinProcess

__all__ = ["TriLogFace"]

T = TypeVar("T", bound="TwinObject")
C = TypeVar("C", bound="type[TwinObject | TwinProcess]")


class TriLogFace:
    """Everything that happened in the workspace. Every answer includes all changes acknowledged before the question.

    Times are anything that pandas takes; without a time zone they are local. Times in answers are UTC.

    Parameters
    ----------
    host
        Where the workspace lives.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    # Objects and moments

    @overload
    def twin(self, kind: str, name: str) -> Twin[TwinObject]: ...
    @overload
    def twin(self, kind: type[T], name: str) -> Twin[T]: ...
    def twin(self, kind: str | type[T], name: str) -> Twin[Any]:  # Any: of the class, if one is given
        """Return an object through time, such as ``twin("Panel", "counter")`` or ``twin(Sensor, "s1")``."""
        if isinstance(kind, str):
            return Twin(self._host.trilog, kind, name)
        return Twin(self._host.trilog, kind.__name__, name, kind)

    def workspace_at(self, time: str | datetime | pd.Timestamp, kind: str | None = None) -> pd.DataFrame:
        """Return the state of all objects, or of all of a kind, at a moment.

        Returns
        -------
        DataFrame
            type, id, field, value, since, rev (0 for what is not from the journal), actor; one row per field.
        """
        answer = self._host.trilog.ask(WorkspaceAt(ts=nanoseconds(time), type=kind))
        return decoded(answer.to_pandas(), "value")

    def nog_at(self, time: str | datetime | pd.Timestamp) -> GraphFace:
        """Return the object graph as it was at a moment, with the methods of ``ws.nog``.

        ``ws.trilog.nog_at("14:30").to_networkx()`` gives it to networkx.
        """
        rev = self._host.trilog.ask(RevAt(ts=nanoseconds(time))).to_pylist()[0]["rev"]
        return GraphFace(self._host, int(rev))

    def diff(
        self, panel: str | None, start: str | datetime | pd.Timestamp, end: str | datetime | pd.Timestamp = "now"
    ) -> pd.DataFrame:
        """Return what is different in a panel, or in all, between two moments: what, by whom, through what.

        Returns
        -------
        DataFrame
            id, field, before, after, changes (how many in between), and of the last one: ts, rev, actor, cause,
            trace_id. What was changed and changed back is not there.
        """
        question = TwinDiff(id=panel, start=nanoseconds(start), end=nanoseconds(end))
        return decoded(self._host.trilog.ask(question).to_pandas(), "before", "after")

    def replay(
        self,
        start: str | datetime | pd.Timestamp,
        end: str | datetime | pd.Timestamp = "now",
        speed: float = 1.0,
        *,
        panel: str | None = None,
    ) -> pd.DataFrame:
        """Return the facts between two moments in order, with when each is due if they are played again.

        Parameters
        ----------
        start, end
            From when to when.
        speed
            10 plays ten times as fast.
        panel
            Only this one.

        Returns
        -------
        DataFrame
            ts, rev, type, id, field, op, value, actor, due (seconds after the start).
        """
        if speed <= 0:
            raise TriLogError("The speed must be more than nothing.")
        began = nanoseconds(start)
        kind = "Panel" if panel is not None else None
        frame = self._host.trilog.ask(ReplayBetween(start=began, end=nanoseconds(end), type=kind, id=panel)).to_pandas()
        due = [(stamp.value - began) / 1e9 / speed for stamp in frame["ts"]]
        return decoded(frame, "value").assign(due=due)

    # Causes and processes

    def cause(self, of: int | str | Run | BaseException | pd.Series) -> CauseTree:
        """Return what led to something and what came of it, from the click or prompt to the last effect.

        Parameters
        ----------
        of
            A rev; a `Run`; an error that an action raised; the id of a trace or a run; or a row of an answer that has a
            ``rev`` or a ``trace_id``.

        Raises
        ------
        NotFoundError
            If nothing is known of it.

        Examples
        --------
        ::

            >>> ws.trilog.cause(run)
            click: click on 'plus' of 'counter' by ann
              span: action.run add (4.1 ms)
                change: rev 12: run add in 'counter'
        """
        return CauseTree(self._host.trilog.ask(_asked(of)).to_pandas())

    def process(self, kind: str | type[TwinProcess]) -> Process:
        """Return a process over all its courses, such as ``process("PanelExecution").funnel()``."""
        return Process(self._host.trilog, kind if isinstance(kind, str) else kind.__name__)

    def ai(self) -> pd.DataFrame:
        """Return what models were asked and what became of it, newest first. Secrets and private data are not in it.

        Returns
        -------
        DataFrame
            id (the ``ref`` of the change that came of it), asked_at, actor, panel, task, prompt, outcome (asked,
            answered, proposed, accepted, rejected, gone, failed), ops (in words), accepted and rejected (their
            numbers), rev, endpoint, model, prompt_tokens, completion_tokens, cost, seconds, context (each part with its
            tokens and why it was there), answer, error.
        """
        return exchanges(self.sql(EXCHANGES))

    # SQL

    def to_ocel(self, path: str | Path) -> Path:
        """Write the journal as an object-centric event log (OCEL 2.0) that process-mining tools read; return its path.

        Each change is an event of who made it, its panel, the states that it changed, and its run. What people have
        chosen for themselves stays out.

        Parameters
        ----------
        path
            Where to; ``.json`` or ``.sqlite`` says in which form.

        Raises
        ------
        RequestError
            If the name ends otherwise.
        """
        from nexus_jupyter.trilog.ocel import write_ocel

        return write_ocel(self._host.changes(), Path(path))

    def dashboard(self, panel: str = "activity") -> Panel:
        """Make a live panel of what goes on here; leave it as a cell's last value to see it.

        Changes by hour and kind, latency of runs, failed runs, active users, versions, quotas and the size of the
        graph. Its rows come from the workspace, so it stays up to date without this kernel.

        Parameters
        ----------
        panel
            The name of the panel that is made. It may read all panels of the workspace.
        """
        return dashboard(self._host, panel)

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
        answer: pd.DataFrame = self._host.trilog.ask(SqlQuestion(sql=query)).to_pandas()
        return answer

    def flush(self) -> int:
        """Return when every acknowledged change can be asked for, with the rev of the newest."""
        return self._host.trilog.flush()

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


def _asked(of: int | str | Run | BaseException | pd.Series) -> CauseOf:
    if isinstance(of, int):
        return CauseOf(rev=of)
    if isinstance(of, str):
        return CauseOf(trace_id=of, run=of)
    if isinstance(of, BaseException):
        trace = getattr(of, "trace_id", "")
        message = of.message if isinstance(of, NexusError) else str(of)
        return CauseOf(trace_id=trace) if trace else CauseOf(message=message)
    trace = getattr(of, "trace_id", "") or ""
    rev = getattr(of, "rev", None)
    if trace:
        return CauseOf(trace_id=str(trace))
    if rev is not None:
        return CauseOf(rev=int(rev))
    raise TriLogError(f"{of!r} is nothing that has a cause.", hint="Give a rev, a run, a trace, or an error.")
