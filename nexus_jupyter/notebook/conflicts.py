"""``panel.conflicts``: questions that edits left open, as a list that shows both sides."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html import escape

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.conflict import Conflict, ConflictSide

__all__ = ["ConflictList", "ConflictWarning"]

_LONGEST = 400
_STYLE = (
    "<style>.nexus-conflicts{border-collapse:collapse;font:inherit;color:inherit}"
    ".nexus-conflicts caption{text-align:left;padding-bottom:.4em}"
    ".nexus-conflicts th,.nexus-conflicts td{text-align:left;vertical-align:top;padding:.4em .8em;"
    "border-top:1px solid var(--jp-border-color2,color-mix(in srgb,currentColor 25%,transparent))}"
    ".nexus-conflicts pre{margin:0;white-space:pre-wrap;background:none;color:inherit}"
    ".nexus-conflicts small{opacity:.7}</style>"
)


class ConflictWarning(UserWarning):
    """A cell's text could not be merged with edits made elsewhere in all points; the panel asks about the rest."""


class ConflictList(list[Conflict]):
    """Open conflicts; in a notebook a table with both sides, and who wanted what when."""

    def _repr_html_(self) -> str:
        if not self:
            return "<p>No conflicts: nothing waits for an answer.</p>"
        rows = "".join(_row(conflict) for conflict in self)
        head = "<tr><th>Question</th><th>ours (there now)</th><th>theirs (came)</th></tr>"
        count = "One question waits" if len(self) == 1 else f"{len(self)} questions wait"
        caption = (
            f"<caption>{count} for an answer: <code>panel.resolve(id, 'ours')</code> or <code>'theirs'</code></caption>"
        )
        return f"{_STYLE}<table class='nexus-conflicts'>{caption}<thead>{head}</thead><tbody>{rows}</tbody></table>"

    def __repr__(self) -> str:
        lines = [f"{one.id}: {one.message} ours: {_short(one.ours)}; theirs: {_short(one.theirs)}" for one in self]
        return "\n".join(lines) or "No conflicts."


def _row(one: Conflict) -> str:
    what = f"{escape(one.message)}<br><small>{escape(one.id)}</small>"
    return f"<tr><td>{what}</td><td>{_cell(one.ours)}</td><td>{_cell(one.theirs)}</td></tr>"


def _cell(side: ConflictSide) -> str:
    when = f", {datetime.fromtimestamp(side.ts / 1e9, UTC):%Y-%m-%d %H:%M} UTC" if side.ts is not None else ""
    who = f"<br><small>{escape(side.by)}{when}</small>" if side.by else ""
    return f"<pre>{escape(_text(side))}</pre>{who}"


def _text(side: ConflictSide) -> str:
    if side.removed:
        return "(removed)"
    text = _words(side.value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _short(side: ConflictSide) -> str:
    text = " ".join(_text(side).split())
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - fits a line


def _words(value: JsonValue) -> str:
    """Return a side's value as people read it: a place as such, things by their names, anything else as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.keys() == {"parent", "after"}:
        behind = f", behind {_local(value['after'])}" if value["after"] else ", first"
        return f"in {_local(value['parent'])}{behind}"
    if isinstance(value, dict) and "attrs" in value:
        return _thing(value)
    if isinstance(value, list) and value and all(isinstance(one, dict) and "attrs" in one for one in value):
        return "\n".join(_thing(one) for one in value if isinstance(one, dict))
    return json.dumps(value, ensure_ascii=False)


def _thing(row: dict[str, JsonValue]) -> str:
    attrs = row["attrs"] if isinstance(row["attrs"], dict) else {}
    shown = " ".join(f"{key.removeprefix('attr:')}={value}" for key, value in attrs.items() if key != "tag")
    return f"{attrs.get('tag', row.get('type'))} {_local(row.get('id'))}: {shown}"


def _local(entity_id: JsonValue) -> str:
    return str(entity_id).partition("/")[2] or str(entity_id)
