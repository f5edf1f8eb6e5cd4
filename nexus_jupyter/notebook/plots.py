"""Charts for notebooks, as SVG with the table behind them: drawn here, so that they need nothing and stay in files.

Colours are those of panels' charts, in both of JupyterLab's themes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Plot", "bars", "steps", "tree"]

_WIDTH, _LEFT, _RIGHT, _TOP = 720, 64, 16, 12
_ROWS_SHOWN = 200
_STYLE = """<style>
.nx-plot { --c0: #2f6fb2; --c1: #d9822b; --c2: #2a9d8f; --c3: #b5487a; --c4: #7a68b3; --c5: #8a6d3b;
  color: var(--jp-ui-font-color1, #212121); max-width: 760px; margin: 4px 0; }
[data-jp-theme-light="false"] .nx-plot { --c0: #6aa9e9; --c1: #f0a860; --c2: #5fc7b8; --c3: #e08ab2; --c4: #ab9be0;
  --c5: #c4a872; }
.nx-plot figcaption { font-weight: 600; padding: 4px 0; }
.nx-plot svg { display: block; width: 100%; height: auto; }
.nx-plot text { font: 11px system-ui, sans-serif; fill: var(--jp-ui-font-color2, #616161); }
.nx-plot .label { fill: var(--jp-ui-font-color1, #212121); font-size: 12px; }
.nx-plot .line { stroke: var(--jp-border-color2, #e0e0e0); }
.nx-plot summary { cursor: pointer; font-size: 12px; }
</style>"""


class Plot:
    """A chart. Shown by a notebook as a picture, with its numbers in a table that opens below.

    Parameters
    ----------
    title
        What it shows.
    svg
        The picture, without its frame.
    height
        Of the picture, in units of a width of 720.
    table
        The rows behind it.
    """

    def __init__(self, title: str, svg: str, height: float, table: pd.DataFrame) -> None:
        self.title = title
        self.table = table
        self._svg = svg
        self._height = height

    @property
    def svg(self) -> str:
        """The picture as a file of its own."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {self._height:.0f}" role="img" '
            f'aria-label="{escape(self.title)}">{self._svg}</svg>'
        )

    def _repr_html_(self) -> str:
        rows = self.table.head(_ROWS_SHOWN).to_html(index=False, border=0)
        more = len(self.table) - _ROWS_SHOWN
        note = f"<p>and {more} more rows, in <code>.table</code></p>" if more > 0 else ""
        return (
            f'{_STYLE}<figure class="nx-plot"><figcaption>{escape(self.title)}</figcaption>{self.svg}'
            f"<details><summary>The numbers</summary>{rows}{note}</details></figure>"
        )

    def __repr__(self) -> str:
        return f"Plot({self.title!r}, {len(self.table)} rows)"


def steps(frame: pd.DataFrame, title: str, *, until: pd.Timestamp | None = None) -> Plot:
    """Draw what values a field had, and for how long, as a line with steps; words become levels by their names.

    Parameters
    ----------
    frame
        Columns ``valid_from``, ``value`` and, if known, ``valid_to`` (missing where the value still holds).
    title
        What it shows.
    until
        Where the line ends; now when left out.
    """
    import pandas as pd

    table = frame.sort_values("valid_from")
    if table.empty:
        return _empty(title, table)
    starts = [_seconds(stamp) for stamp in table["valid_from"]]
    end = max(_seconds(until) if until is not None else pd.Timestamp.now(tz="UTC").timestamp(), starts[-1])
    levels, names = _levels(list(table["value"]))
    height, bottom = 220.0, 190.0
    x = _scale(starts[0], end, _LEFT, _WIDTH - _RIGHT)
    marks = [(number, _number(number)) for number in _ticks(min(levels), max(levels))] if names is None else names
    y = _scale(min(mark for mark, _ in marks), max(mark for mark, _ in marks), bottom - 6, _TOP + 6)
    parts = [_across(y(mark), label) for mark, label in marks]
    parts += [_time(x(moment), bottom, label) for moment, label in _moments(starts[0], end)]
    ends = [*starts[1:], end]
    path = "".join(
        f"{'M' if index == 0 else 'V'}{f'{x(start):.1f},' if index == 0 else ''}{y(level):.1f}H{x(stop):.1f}"
        for index, (start, stop, level) in enumerate(zip(starts, ends, levels, strict=True))
    )
    parts.append(f'<path d="{path}" fill="none" stroke="var(--c0, #2f6fb2)" stroke-width="2"/>')
    for start, level, (_, row) in zip(starts, levels, table.iterrows(), strict=True):
        told = f"{_shown(row['value'])} since {row['valid_from']}" + (f", {row['actor']}" if "actor" in table else "")
        dot = f'<circle cx="{x(start):.1f}" cy="{y(level):.1f}" r="4" fill="var(--c0, #2f6fb2)">'
        parts.append(f"{dot}<title>{escape(told)}</title></circle>")
    return Plot(title, "".join(parts), height, table)


def bars(frame: pd.DataFrame, title: str, label: str, values: Sequence[str], *, unit: str = "") -> Plot:
    """Draw numbers as horizontal bars, a group for each row and a colour for each column.

    Parameters
    ----------
    frame
        The rows.
    title
        What they are.
    label
        The column that names the rows.
    values
        The columns of numbers.
    unit
        Their unit.
    """
    if frame.empty:
        return _empty(title, frame)
    thick, gap = 16, 10
    numbers = [float(number) for column in values for number in frame[column] if number == number]  # noqa: PLR0124 - NaN
    x = _scale(0.0, max([*numbers, 0.0]) or 1.0, 0, _WIDTH - 180 - 90)
    parts: list[str] = []
    at = float(_TOP)
    if len(values) > 1:
        for index, column in enumerate(values):
            parts.append(f'<rect x="{180 + 110 * index}" y="{at:.0f}" width="10" height="10" fill="{_colour(index)}"/>')
            parts.append(f'<text x="{196 + 110 * index}" y="{at + 9:.0f}">{escape(column)}</text>')
        at += 24
    for _, row in frame.iterrows():
        middle = at + thick * len(values) / 2 + 4
        name = escape(_cut(str(row[label]), 26))
        parts.append(f'<text class="label" x="172" y="{middle:.1f}" text-anchor="end">{name}</text>')
        for index, column in enumerate(values):
            number = float(row[column])
            if math.isnan(number):
                at += thick
                continue
            told = f"{row[label]}, {column}: {number:,.6g} {unit}".strip()
            bar = f'<rect x="180" y="{at:.1f}" width="{max(x(number), 1):.1f}" height="{thick - 2}"'
            parts.append(f'{bar} fill="{_colour(index)}"><title>{escape(told)}</title></rect>')
            parts.append(f'<text x="{186 + x(number):.1f}" y="{at + 11:.1f}">{_number(number)} {escape(unit)}</text>')
            at += thick
        at += gap
    return Plot(title, "".join(parts), at, frame)


def tree(frame: pd.DataFrame, title: str, *, text: str = "text", step: str = "step") -> Plot:
    """Draw what caused what: each thing hangs below, and to the right of, what caused it.

    Parameters
    ----------
    frame
        A row for each thing, causes before what they caused; ``step`` counts the causes above it.
    title
        What stands above it.
    text, step
        The columns of the words, and of the place in the tree.
    """
    if frame.empty:
        return _empty(title, frame)
    parts: list[str] = []
    line, before = 30, {0: 0.0}
    for index, (_, row) in enumerate(frame.iterrows()):
        depth = int(row[step])
        x, y = 12 + 22 * depth, 18 + line * index
        if depth > 0:
            above = before.get(depth - 1, y - line)
            parts.append(
                f'<path d="M{x - 22},{above + 6:.0f}V{y:.0f}H{x - 6}" fill="none" stroke="currentColor" opacity="0.4"/>'
            )
        before[depth] = y
        colour = _colour(min(depth, 5))
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"><title>{escape(str(row[text]))}</title></circle>'
        )
        parts.append(
            f'<text class="label" x="{x + 12}" y="{y + 4}">{escape(_cut(str(row[text]), 104 - 3 * depth))}</text>'
        )
    return Plot(title, "".join(parts), 18 + line * len(frame), frame)


def _empty(title: str, table: pd.DataFrame) -> Plot:
    return Plot(title, '<text x="12" y="24">There is nothing to show yet.</text>', 40, table)


def _levels(values: Sequence[object]) -> tuple[list[float], list[tuple[float, str]] | None]:
    """Return numbers as they are; anything else as levels with their names, in order of first appearance."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return [float(str(value)) for value in values], None
    names: dict[str, float] = {}
    levels = [names.setdefault(_shown(value), float(len(names))) for value in values]
    return levels, [(level, _cut(name, 9)) for name, level in names.items()]


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers around a range."""
    if low == high:
        low, high = low - 1, high + 1
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(index * step, 12) for index in range(first, last + 1)]


def _moments(start: float, end: float) -> list[tuple[float, str]]:
    """Return moments along an axis, in the reader's zone."""
    span = timedelta(seconds=end - start)
    form = "%H:%M:%S" if span < timedelta(hours=1) else "%H:%M" if span < timedelta(days=2) else "%d %b %Y"
    moments = [start + (end - start) * part / 4 for part in range(5)]
    return [(moment, datetime.fromtimestamp(moment).astimezone().strftime(form)) for moment in moments]


def _scale(low: float, high: float, start: float, stop: float) -> Any:  # Any: a function of one number
    width = (high - low) or 1.0
    return lambda value: start + (value - low) / width * (stop - start)


def _across(y: float, label: str) -> str:
    line = f'<line class="line" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>'


def _time(x: float, bottom: float, label: str) -> str:
    anchor = "start" if x < _LEFT + 1 else "end" if x > _WIDTH - _RIGHT - 1 else "middle"
    return f'<text x="{x:.1f}" y="{bottom + 18:.0f}" text-anchor="{anchor}">{escape(label)}</text>'


def _seconds(stamp: pd.Timestamp) -> float:
    return float(stamp.timestamp())


def _colour(index: int) -> str:
    plain = ("#2f6fb2", "#d9822b", "#2a9d8f", "#b5487a", "#7a68b3", "#8a6d3b")[index % 6]
    return f"var(--c{index % 6}, {plain})"


def _number(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"  # noqa: PLR2004 - four digits are read at once


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}\u2026"
