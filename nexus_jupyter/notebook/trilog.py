"""``ws.trilog``: what was it, when, and why did it change, as DataFrames."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from nexus_jupyter.notebook.causetree import CauseTree
from nexus_jupyter.notebook.dashboards import dashboard
from nexus_jupyter.notebook.exchanges import EXCHANGES, exchanges
from nexus_jupyter.notebook.graph import GraphFace
from nexus_jupyter.notebook.moments import decoded, moment, reached
from nexus_jupyter.notebook.owntwins import OwnTwins
from nexus_jupyter.notebook.panel import Panel
from nexus_jupyter.notebook.process import Process
from nexus_jupyter.notebook.timebar import TimeBar
from nexus_jupyter.notebook.twin import Twin
from nexus_jupyter.protocol.alerts import AlertRule
from nexus_jupyter.protocol.errors import NexusError, TriLogError
from nexus_jupyter.protocol.trilog import (
    AnomaliesBetween,
    AnomalyKind,
    CauseOf,
    ReplayBetween,
    RevAt,
    TwinDiff,
    WorkspaceAt,
)

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.anomalies import AlertsFrame, AnomalyFrame
    from nexus_jupyter.notebook.frames import ReplayFrame
    from nexus_jupyter.notebook.panel import Run
    from nexus_jupyter.trilog import TwinObject, TwinProcess

__all__ = ["TriLogFace"]

_KINDS: tuple[AnomalyKind, ...] = ("latency", "outcome", "burst", "value", "transition", "schema")
T = TypeVar("T", bound="TwinObject")


class TriLogFace(OwnTwins):
    """Everything that happened in the workspace. Every answer includes all changes acknowledged before the question.

    Times are anything that pandas takes; without a time zone they are local. Times in answers are UTC.

    Parameters
    ----------
    host
        Where the workspace lives.
    """

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
        answer = self._host.trilog.ask(WorkspaceAt(ts=moment(time), type=kind))
        return decoded(answer.to_pandas(), "value")

    def nog_at(self, time: str | datetime | pd.Timestamp) -> GraphFace:
        """Return the object graph as it was at a moment, with the methods of ``ws.nog``.

        ``ws.trilog.nog_at("14:30").to_networkx()`` gives it to networkx.
        """
        rev = self._host.trilog.ask(RevAt(ts=moment(time))).to_pylist()[0]["rev"]
        return GraphFace(self._host, int(rev))

    def diff(
        self,
        panel: str | None,
        start: str | datetime | pd.Timestamp,
        end: str | datetime | pd.Timestamp = "now",
        *,
        kind: str = "Panel",
    ) -> pd.DataFrame:
        """Return what is different in a panel, or in all, between two moments: what, by whom, through what.

        With ``kind``, the objects of another kind of twin are meant.

        Returns
        -------
        DataFrame
            id, field, before, after, changes (how many in between), and of the last one: ts, rev, actor, cause,
            trace_id. What was changed and changed back is not there.
        """
        question = TwinDiff(type=kind, id=panel, start=moment(start), end=moment(end))
        return decoded(self._host.trilog.ask(question).to_pandas(), "before", "after")

    def replay(
        self,
        start: str | datetime | pd.Timestamp,
        end: str | datetime | pd.Timestamp = "now",
        speed: float = 1.0,
        *,
        panel: str | None = None,
    ) -> ReplayFrame:
        """Return the facts between two moments in order; its ``play()`` drives the page's panels through them.

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
        ReplayFrame
            ts, rev, type, id, field, op, value, actor, due (seconds after the start). ``play()`` as the last value of a
            cell is a time bar that plays them.
        """
        if speed <= 0:
            raise TriLogError("The speed must be more than nothing.")
        began = reached(start)
        kind = "Panel" if panel is not None else None
        frame = self._host.trilog.ask(ReplayBetween(start=began, end=moment(end), type=kind, id=panel)).to_pandas()
        due = [(stamp.value - began) / 1e9 / speed for stamp in frame["ts"]]
        from nexus_jupyter.notebook.frames import ReplayFrame

        played = ReplayFrame(decoded(frame, "value").assign(due=due))
        until = {} if end == "now" else {"to": reached(end)}
        played.bar = TimeBar(self._host, {"from": began, "speed": speed, **until})
        return played

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

    # What is unusual

    def anomalies(
        self,
        start: str | datetime | pd.Timestamp | None = None,
        end: str | datetime | pd.Timestamp = "now",
        *,
        kinds: Sequence[AnomalyKind] = _KINDS,
        sensitivity: float = 6,
        baseline: str | pd.Timedelta = "14D",
    ) -> AnomalyFrame:
        """Return what was unusual between two moments, beside what is usual for the same process, panel or object.

        Parameters
        ----------
        start, end
            From when to when; the last 24 hours when left out.
        kinds
            ``latency`` (a course took long), ``outcome`` (an ending was frequent), ``burst`` (an object changed
            often), ``value`` (a number is far off), ``transition`` (a process went a way that it does not have),
            ``schema`` (much did not fit its schema).
        sensitivity
            How many robust standard deviations are too many.
        baseline
            How much of what was before the end says what is usual. An hour of the day has a baseline of its own as
            soon as there is enough of it.

        Returns
        -------
        AnomalyFrame
            ts, kind, type, id, field, words, value, baseline, threshold, score, known (how many made the baseline),
            seasonal, rev, trace_id. ``cause(row)`` says what led to one, ``changes(row)`` what was changed.
        """
        import pandas as pd

        from nexus_jupyter.notebook.anomalies import AnomalyFrame

        until = reached(end)
        question = AnomaliesBetween(
            start=reached(start) if start is not None else until - 86_400_000_000_000,
            end=until,
            kinds=list(kinds),
            sensitivity=sensitivity,
            baseline=pd.Timedelta(baseline).value,
        )
        frame = AnomalyFrame(self._host.trilog.ask(question).to_pandas())
        frame.log = self
        return frame

    def alerts(
        self,
        *,
        every: str | pd.Timedelta | None = None,
        webhooks: Sequence[str] = (),
        log: bool = True,
        kinds: Sequence[AnomalyKind] = _KINDS,
        sensitivity: float = 6,
    ) -> AlertsFrame:
        """Return what was unusual and was told of; with ``every``, watch for it from now on.

        The workspace watches by itself, without this kernel. Each alert is in this table and in the panel of
        `dashboard`, in the server's log, and is posted as JSON to each webhook with what led to it and what it changed.

        Parameters
        ----------
        every
            How often to look, such as ``"1min"``; ``"0"`` ends it.
        webhooks
            Addresses that are told. They must be public, or listed by the server's owner as private origins.
        log
            Whether the server's log is told.
        kinds, sensitivity
            As for `anomalies`.

        Returns
        -------
        AlertsFrame
            ts, kind, type, object, field, words, value, baseline, threshold, rev, trace_id, delivered, newest first.
            ``cause(row)`` says what led to one, ``changes(row)`` what was changed.

        Raises
        ------
        NexusError
            If an address may not be told.
        """
        import pandas as pd

        from nexus_jupyter.notebook.anomalies import alerts_frame

        if every is None:
            return alerts_frame(self._host.trilog.alerts())
        seconds = pd.Timedelta(every).total_seconds()
        given = {"kinds": list(kinds), "sensitivity": sensitivity, "log": log, "webhooks": list(webhooks)}
        rule = AlertRule.model_validate({"active": seconds > 0, "every": max(seconds, 1.0), **given})
        return alerts_frame(self._host.trilog.alerts(rule))

    # The assistant

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

    def to_parquet(
        self,
        path: str | Path,
        since: str | datetime | pd.Timestamp | None = None,
        until: str | datetime | pd.Timestamp | None = None,
    ) -> Path:
        """Write the history as Parquet, for any tool that reads it; return the folder.

        The folder gets ``changes.parquet`` (a row per field that changed, in order of objects; ``value`` is JSON),
        ``steps.parquet`` (steps of processes) and ``spans.parquet``. Private fields are in none of them, as they are
        never recorded.

        Parameters
        ----------
        path
            The folder; made if it is not there.
        since, until
            From when, and to before when; everything by now when left out.
        """
        from nexus_jupyter.notebook.parquet import write_parquet

        start, end = (reached(one) if one is not None else None for one in (since, until))
        return write_parquet(self._host.trilog, Path(path), start, end)

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

    def flush(self) -> int:
        """Return when every acknowledged change can be asked for, with the rev of the newest."""
        return self._host.trilog.flush()


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
