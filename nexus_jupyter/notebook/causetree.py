"""What led to something, and what came of it, to look at."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from nexus_jupyter.notebook.plots import Plot

__all__ = ["CauseTree"]


class CauseTree:
    """A tree from a click or a prompt to its effects: print it, show it, or take its ``frame``.

    Parameters
    ----------
    frame
        One row per thing that happened, parents first: id, parent, kind, text, ts, ms, actor, panel, rev, trace_id,
        error. Kinds are those of beginnings (click, input, prompt, cell, api, effect ...), span, change and error.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._below: dict[str, list[int]] = {}
        for number, parent in enumerate(frame["parent"]):
            self._below.setdefault(str(parent), []).append(number)

    @property
    def root(self) -> pd.Series:
        """What began it."""
        return self.frame.iloc[0]

    def path(self, kind: str = "error") -> list[str]:
        """Return the way from the beginning to the last thing of a kind, as sentences; empty when there is none."""
        rows = self.frame.set_index("id", drop=False)
        found = rows[rows["kind"] == kind]
        if found.empty:
            return []
        at, texts = found.iloc[-1], []
        while True:
            texts.append(str(at["text"]))
            if at["parent"] not in rows.index:
                return texts[::-1]
            at = rows.loc[at["parent"]]

    def plot(self, *, title: str = "What caused what") -> Plot:
        """Draw the tree, from what began it downwards."""
        import pandas as pd

        from nexus_jupyter.notebook.plots import tree

        return tree(pd.DataFrame(self._rows("", 0), columns=["step", "text", "ts", "ms", "error"]), title)

    def _rows(self, parent: str, depth: int) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for number in self._below.get(parent, []):
            row = self.frame.iloc[number]
            found = {name: row[name] for name in ("ts", "ms", "error")}
            rows.append({"step": depth, "text": _said(row), **found})
            rows += self._rows(str(row["id"]), depth + 1)
        return rows

    def __str__(self) -> str:
        return "\n".join(self._lines("", 0))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<ul>{self._items('')}</ul>"

    def _lines(self, parent: str, depth: int) -> list[str]:
        lines: list[str] = []
        for number in self._below.get(parent, []):
            row = self.frame.iloc[number]
            lines.append(f"{'  ' * depth}{_said(row)}")
            lines += self._lines(str(row["id"]), depth + 1)
        return lines

    def _items(self, parent: str) -> str:
        items = ""
        for number in self._below.get(parent, []):
            row = self.frame.iloc[number]
            text = f"<strong>{escape(_said(row))}</strong>" if row["error"] else escape(_said(row))
            below = self._items(str(row["id"]))
            items += f'<li title="{escape(str(row["ts"]))}">{text}{f"<ul>{below}</ul>" if below else ""}</li>'
        return items


def _said(row: pd.Series) -> str:
    took = f" ({row['ms']:.1f} ms)" if row["ms"] == row["ms"] else ""
    return f"{row['kind']}: {row['text']}{took}"
