"""Answers that are tables, and know how they are drawn: DataFrames whose ``plot`` needs no other library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from nexus_jupyter.notebook.plots import Plot, bars, steps

if TYPE_CHECKING:
    from nexus_jupyter.notebook.timebar import TimeBar

__all__ = ["Answer", "FunnelFrame", "HistoryFrame", "LatencyFrame", "ReplayFrame"]


class Answer(pd.DataFrame):
    """What is made from an answer by pandas is a plain DataFrame again."""

    @property
    def _constructor(self) -> Any:  # Any: pandas' own types leave it open
        return pd.DataFrame


class HistoryFrame(Answer):
    """What values fields had, and when."""

    def plot(self, field: str | None = None, *, title: str | None = None) -> Plot:  # type: ignore[override]  # ours
        """Draw one field over time, as a line with steps.

        Parameters
        ----------
        field
            Which; the only one, or the first, when left out.
        title
            What stands above it; the field's name when left out.
        """
        names = list(dict.fromkeys(self["field"]))
        field = field or (names[0] if names else "")
        return steps(pd.DataFrame(self[self["field"] == field]), title or field)


class FunnelFrame(Answer):
    """How far the courses of a process got."""

    def plot(self, *, title: str = "How far the courses got") -> Plot:  # type: ignore[override]  # ours, not pandas'
        """Draw how many courses reached each step."""
        return bars(pd.DataFrame(self), title, "step", ["courses"])


class LatencyFrame(Answer):
    """How long courses of a process took."""

    def plot(self, *, title: str = "How long it took") -> Plot:  # type: ignore[override]  # ours, not pandas'
        """Draw the quantiles, in milliseconds, a group of bars for each row."""
        table = pd.DataFrame(self)
        quantiles = [str(name) for name in table.columns if str(name).endswith("_ms")]
        label = str(table.columns[0])
        if label == "courses":
            label, table = "all", table.assign(all="all")
        return bars(table, title, label, quantiles, unit="ms")


class ReplayFrame(Answer):
    """Facts in order, as they can be played again."""

    _metadata: ClassVar[list[str]] = ["bar"]
    bar: TimeBar

    def play(self) -> TimeBar:
        """Return a time bar whose *Play* drives the panels of the page through these facts."""
        return self.bar
