"""A change of a panel, as one person who follows it is told of it."""

from __future__ import annotations

from nexus_jupyter.protocol.patch import Change, SetOp
from nexus_jupyter.protocol.stream import Gone, PatchFrame, Reset, ServerFrame
from nexus_jupyter.workspace.panels import panel_view, personal
from nexus_jupyter.workspace.writer import Head

__all__ = ["change_frame"]


def change_frame(panel: str, change: Change, head: Head, user: str) -> ServerFrame:
    """Return what a follower of a panel is sent for a change."""
    if panel not in head.graph:
        return Gone(panel=panel, rev=change.rev)
    if change.panel is None:
        view = panel_view(head.graph, panel, user)
        return Reset(panel=panel, rev=change.rev, nxml=view.nxml, state=view.state)
    return PatchFrame(
        panel=panel,
        rev=change.rev,
        ops=personal(change.ops, user),
        cause=change.cause,
        actor=change.actor,
        nxml=_new_text(panel, change),
    )


def _new_text(panel: str, change: Change) -> str | None:
    for op in change.ops:
        attrs = op.attrs if isinstance(op, SetOp) and op.id == panel else None
        if op.op == "insert" and op.entity.id == panel:
            attrs = op.entity.attrs
        if attrs and "nxml" in attrs:
            return str(attrs["nxml"])
    return None
