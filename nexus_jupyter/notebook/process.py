"""One kind of process, over all of its courses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from nexus_jupyter.notebook.moments import reached
from nexus_jupyter.protocol.trilog import StepFunnel, StepLatency

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.frames import FunnelFrame, LatencyFrame
    from nexus_jupyter.notebook.trilog_host import TriLogHost

__all__ = ["Process"]


class Process:
    """How a process goes.

    Parameters
    ----------
    host
        Where the history is.
    name
        The process, such as ``PanelExecution``.
    """

    def __init__(self, host: TriLogHost, name: str) -> None:
        self._host = host
        self._name = name

    def funnel(
        self,
        *,
        start: str | datetime | pd.Timestamp | None = None,
        end: str | datetime | pd.Timestamp | None = None,
    ) -> FunnelFrame:
        """Return how far courses got, one row per step in order.

        Returns
        -------
        FunnelFrame
            step, courses (that reached it), share (of those that began), p50_ms (since the step before);
            ``plot()`` draws it.
        """
        question = StepFunnel(process=self._name, start=_maybe(start), end=_maybe(end))
        from nexus_jupyter.notebook.frames import FunnelFrame

        return FunnelFrame(self._host.ask(question).to_pandas())

    def latency(
        self,
        by: str = "",
        q: Sequence[float] = (0.5, 0.95, 0.99),
        *,
        start: str | datetime | pd.Timestamp | None = None,
        end: str | datetime | pd.Timestamp | None = None,
    ) -> LatencyFrame:
        """Return how long courses that ended took, from the first step to the last.

        Parameters
        ----------
        by
            One row per ``panel``, ``actor``, ``step`` (the last one), or ``hour``; one row for all when left out.
        q
            Quantiles, from 0 to 1.

        Returns
        -------
        LatencyFrame
            What it is by, courses, and ``p50_ms`` and so on in milliseconds; ``plot()`` draws it.
        """
        given = {"by": by, "quantiles": list(q), "start": _maybe(start), "end": _maybe(end)}
        question = StepLatency.model_validate({"process": self._name, **given})
        from nexus_jupyter.notebook.frames import LatencyFrame

        return LatencyFrame(self._host.ask(question).to_pandas())

    def __repr__(self) -> str:
        return f"Process({self._name})"


def _maybe(time: str | datetime | pd.Timestamp | None) -> int | None:
    return reached(time) if time is not None else None
