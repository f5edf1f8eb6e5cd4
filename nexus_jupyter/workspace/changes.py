"""A change of a panel, as those who follow it are told of it."""

from __future__ import annotations

import threading
from collections import OrderedDict

from nexus_jupyter.nog import is_personal
from nexus_jupyter.protocol.patch import Change, InsertOp, SetOp
from nexus_jupyter.protocol.stream import Gone, PatchFrame, Reset, ServerFrame
from nexus_jupyter.workspace.panels import panel_view, personal
from nexus_jupyter.workspace.writer import Head

__all__ = ["ChangeTexts", "change_frame"]

#: Texts that are remembered, and their characters: those of a few changes, for some people.
_REMEMBERED, _CHARACTERS = 256, 8 << 20


class ChangeTexts:
    """The frames of the newest changes as JSON: made once, however many people are told.

    Only what holds values that each person has for themselves is made for each of them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts = OrderedDict[tuple[int, str, str | None], str]()
        self._characters = 0

    def text(self, panel: str, change: Change, head: Head, user: str) -> str:
        """Return what a person who follows a panel is sent for a change."""
        key = (change.rev, panel, user if change.panel is None or _is_personal(change) else None)
        with self._lock:
            found = self._texts.get(key)
            if found is None:
                found = self._texts[key] = change_frame(panel, change, head, user).model_dump_json()
                self._characters += len(found)
                while len(self._texts) > 1 and (len(self._texts) > _REMEMBERED or self._characters > _CHARACTERS):
                    self._characters -= len(self._texts.popitem(last=False)[1])
            return found


def _is_personal(change: Change) -> bool:
    for op in change.ops:
        attrs = op.attrs if isinstance(op, SetOp) else op.entity.attrs if isinstance(op, InsertOp) else {}
        if any(is_personal(key) for key in attrs):
            return True
    return False


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
