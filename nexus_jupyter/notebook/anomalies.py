"""``ws.trilog.anomalies()`` and ``alerts()``: tables that know what led to each row, and what it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from nexus_jupyter.notebook.causetree import CauseTree
from nexus_jupyter.notebook.frames import Answer
from nexus_jupyter.protocol.alerts import Alert, AlertState
from nexus_jupyter.protocol.errors import NotFoundError

if TYPE_CHECKING:
    from nexus_jupyter.notebook.trilog import TriLogFace

__all__ = ["AlertsFrame", "AnomalyFrame", "alerts_frame"]

#: How far back the difference of an anomaly goes.
_BEFORE = pd.Timedelta(minutes=10)
_OF_PANELS = frozenset({"latency", "outcome", "transition"})
_ALERT = ("kind", "type", "object", "field", "words", "value", "baseline", "threshold", "rev", "trace_id", "delivered")


class AnomalyFrame(Answer):
    """What was unusual, the most unusual first."""

    _metadata: ClassVar[list[str]] = ["log"]
    log: TriLogFace

    def cause(self, row: int = 0) -> CauseTree:
        """Return what led to a row and what came of it.

        Raises
        ------
        NotFoundError
            If the row belongs to no click, run or change that is known.
        """
        found = self.iloc[row]
        if found["trace_id"]:
            return self.log.cause(str(found["trace_id"]))
        if found["rev"]:
            return self.log.cause(int(found["rev"]))
        raise NotFoundError("This was recorded with no trace, so nothing is known of what led to it.")

    def changes(self, row: int = 0) -> pd.DataFrame:
        """Return what changed in a row's object or panel in the ten minutes up to it, as ``log.diff`` does."""
        found = self.iloc[row]
        kind = "Panel" if found["kind"] in _OF_PANELS else str(found["type"])
        return self.log.diff(str(found["id"]) or None, found["ts"] - _BEFORE, found["ts"], kind=kind)


class AlertsFrame(pd.DataFrame):
    """Alerts, newest first; each came with what led to it and what it changed."""

    _metadata: ClassVar[list[str]] = ["state"]
    state: AlertState

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def cause(self, row: int = 0) -> CauseTree:
        """Return what led to an alert, as it was told."""
        rows: list[dict[str, Any]] = []  # Any: cells
        above: list[str] = []
        for number, line in enumerate(self.state.alerts[row].cause):
            above = above[: line.depth]
            parent = above[-1] if above else ""
            known = {"ts": pd.Timestamp(line.ts, tz="UTC"), "ms": float("nan"), "error": line.error}
            rows.append({"id": str(number), "parent": parent, "kind": line.kind, "text": line.text, **known})
            above.append(str(number))
        return CauseTree(pd.DataFrame(rows, columns=["id", "parent", "kind", "text", "ts", "ms", "error"]))

    def changes(self, row: int = 0) -> pd.DataFrame:
        """Return what was changed in the minutes before an alert: field, before, after, actor, rev."""
        changes = [change.model_dump() for change in self.state.alerts[row].changes]
        return pd.DataFrame(changes, columns=["field", "before", "after", "actor", "rev"])


def alerts_frame(state: AlertState) -> AlertsFrame:
    """Return alerts as a table."""
    frame = AlertsFrame([_row(alert) for alert in state.alerts], columns=["ts", *_ALERT])
    frame.state = state
    return frame


def _row(alert: Alert) -> Sequence[object]:
    return [pd.Timestamp(alert.ts, tz="UTC"), *(getattr(alert, name) for name in _ALERT)]
