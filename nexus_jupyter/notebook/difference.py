"""``ws.history.diff()``: what differs, as objects, as a table, and as something to read."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.versions import EntityChange

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Difference"]

_STYLE = (
    "<style>.nexus-diff h4{margin:.6em 0 .2em;font-size:1em}.nexus-diff ul{list-style:none;margin:0;padding:0}"
    ".nexus-diff li{padding:.1em 0 .1em 1.6em;text-indent:-1.6em}"
    ".nexus-diff b{display:inline-block;width:1.6em;text-indent:0;font-weight:600}"
    ".nexus-diff .added b{color:var(--jp-success-color1,#388e3c)}"
    ".nexus-diff .removed b{color:var(--jp-error-color1,#d32f2f)}"
    ".nexus-diff .changed b,.nexus-diff .moved b,.nexus-diff .renamed b{color:var(--jp-info-color1,#0288d1)}</style>"
)
_MARKS = {"added": "+", "removed": "−", "changed": "±", "moved": "↕", "renamed": "→"}  # noqa: RUF001 - a minus of the width of the plus


class Difference(list[EntityChange]):
    """Differences in meaning between two versions, panel by panel."""

    def to_frame(self) -> pd.DataFrame:
        """Return a table: panel, kind, entity, type, attr, before, after, words."""
        import pandas as pd

        columns = list(EntityChange.model_fields)
        return pd.DataFrame([change.model_dump() for change in self], columns=columns)

    def _repr_html_(self) -> str:
        if not self:
            return "<p>No differences.</p>"
        parts = []
        for panel, changes in groupby(self, key=lambda change: change.panel):
            lines = "".join(
                f"<li class='{change.kind}'><b>{_MARKS[change.kind]}</b>{escape(change.words.lstrip('+-'))}</li>"
                for change in changes
            )
            parts.append(f"<h4>{escape(panel or 'Files')}</h4><ul>{lines}</ul>")
        return f"{_STYLE}<div class='nexus-diff'>{''.join(parts)}</div>"

    def __repr__(self) -> str:
        return "\n".join(f"{change.panel or 'files'}: {change.words}" for change in self) or "No differences."
