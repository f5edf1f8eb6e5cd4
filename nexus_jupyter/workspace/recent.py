"""The newest changes of panels, at hand: read from the journal once, then kept up to date."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from nexus_jupyter.nog.sharing import share
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.patch import Change, Op, SetOp
from nexus_jupyter.storage import Journal
from nexus_jupyter.workspace.writer import Head, Writer

__all__ = ["RecentChanges"]

#: How far back, in revs of the workspace, a panel's changes are looked for, and how many of them are kept.
_REVS, _CHANGES = 10_000, 1000
#: Panels whose changes are kept.
_PANELS = 50


class RecentChanges:
    """Answers what has happened to a panel lately, changes of the whole workspace included.

    Parameters
    ----------
    journal
        Where older changes are.
    writer
        Tells of new ones.
    """

    def __init__(self, journal: Journal, writer: Writer) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._panels = OrderedDict[str, list[Change]]()
        self._writer = writer
        writer.listen(self._on_change)

    def of(self, panel: str) -> list[Change]:
        """Return the newest changes that concern a panel, oldest first, as far back as the journal reaches."""
        base = self._journal.base.rev
        with self._lock:
            found = self._panels.get(panel)
            if found is not None:
                self._panels.move_to_end(panel)
                return [change for change in found if change.rev > base]
        # Read with the writer's lock held, so that no change is missed or taken twice.
        with self._writer.paused() as head:
            changes = self._read(panel, head)
            with self._lock:
                self._panels[panel] = changes
                while len(self._panels) > _PANELS:
                    self._panels.popitem(last=False)
        return list(changes)

    def _read(self, panel: str, head: Head) -> list[Change]:
        """Read changes from the journal, and let them share values with each other, as those do that are made here."""
        found = deque[Change](maxlen=_CHANGES)
        newest: dict[tuple[str, str], JsonValue] = {}
        for change in self._journal.read(after=max(0, head.rev - _REVS), panel=panel):
            inverse = [_sharing(op, newest) for op in change.inverse]
            ops = [_sharing(op, newest) for op in change.ops]
            found.append(change.model_copy(update={"inverse": inverse, "ops": ops}))
        return list(found)

    def _on_change(self, change: Change, _head: Head) -> None:
        with self._lock:
            for panel, known in self._panels.items():
                if change.panel in {panel, None}:
                    known.append(change)
                    del known[:-_CHANGES]


def _sharing(op: Op, newest: dict[tuple[str, str], JsonValue]) -> Op:
    """Return an op whose values share with the newest ones of the same attributes, and note them as such."""
    if not isinstance(op, SetOp):
        return op
    attrs = {name: share(value, newest.get((op.id, name)))[0] for name, value in op.attrs.items()}
    newest.update({(op.id, name): value for name, value in attrs.items()})
    return op.model_copy(update={"attrs": attrs})
