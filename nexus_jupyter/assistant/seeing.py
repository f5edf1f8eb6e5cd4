"""The context builder over a workspace: where its graph, rows and recent changes come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from nexus_jupyter.ai import ContextBuilder, ContextOptions
from nexus_jupyter.assistant.checking import shown_text
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.writer import Head

__all__ = ["builder"]

#: Revs back that are looked through for a panel's newest changes, and how many of them are told.
_BACK, _TOLD = 200, 6


def builder(
    kernel: WorkspaceKernel, head: Head, *, user: str, count: Callable[[str], int], options: ContextOptions
) -> ContextBuilder:
    """Return what chooses the context of a person's request."""
    return ContextBuilder(
        head.graph,
        language=kernel.reactor.language(),
        count=count,
        text_of=partial(shown_text, kernel, head),
        sample=partial(_rows, kernel),
        recent=lambda panel: [_told(change) for change in _changes(kernel, head, panel)][-_TOLD:],
        newest=_newest(head),
        user=user,
        options=options,
    )


def _rows(kernel: WorkspaceKernel, frame: str, most: int) -> list[dict[str, JsonValue]]:
    try:
        table = kernel.frames.table(frame)
    except FrameError:
        return []  # bound in a session that is over, or the graph knows it by its name alone
    rows: list[dict[str, JsonValue]] = table.slice(0, most).to_pylist()
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: object) -> JsonValue:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _changes(kernel: WorkspaceKernel, head: Head, panel: str) -> list[Change]:
    return list(kernel.journal.read(after=max(0, head.rev - _BACK), panel=panel))


def _newest(head: Head) -> Mapping[str, int]:
    """Return the rev of each panel's newest change, as the graph remembers it: of text and title."""
    panels = head.graph.of_type("Panel")
    return {panel.id: max(head.graph.record(panel.id).touched.values(), default=0) for panel in panels}


def _told(change: Change) -> str:
    """Say what a change was, and not by whom: names of people are nothing that a model needs."""
    cause = change.cause
    what = f"{cause.kind} {cause.action or cause.element or ''}".strip()
    touched = dict.fromkeys(str(getattr(op, "id", "")).partition("/")[2] for op in change.ops)
    named = [one for one in touched if one][:4]
    return f"rev {change.rev}: {what}" + (f" ({', '.join(named)})" if named else "")
