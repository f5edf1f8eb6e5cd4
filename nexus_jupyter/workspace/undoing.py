"""Carrying out undo and redo."""

from __future__ import annotations

from dataclasses import dataclass

from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.errors import ConflictError, PatchError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.storage import Journal
from nexus_jupyter.workspace.panels import panel_view
from nexus_jupyter.workspace.patches import with_text
from nexus_jupyter.workspace.recent import RecentChanges
from nexus_jupyter.workspace.undo import plan
from nexus_jupyter.workspace.writer import Draft, Writer

__all__ = ["Undoing", "Undone"]


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo or redo did: its change, and sentences about what it left as others have made it since."""

    change: Change | None
    notes: list[str]


class _ChangedMeanwhile(Exception):
    """The panel is not what the undo was planned for."""


class Undoing:
    """Takes back what people did to panels, and does it again.

    Parameters
    ----------
    journal, writer, reactor
        Those of the workspace.
    """

    def __init__(self, journal: Journal, writer: Writer, reactor: Reactor) -> None:
        self._writer = writer
        self._reactor = reactor
        self._recent = RecentChanges(journal, writer)

    def undo(self, panel: str, actor: Actor, *, redo: bool) -> Undone:
        """Take back the last change that a person made to a panel, or do it again.

        Raises
        ------
        NotFoundError
            If there is none.
        ConflictError
            If others have since changed everything that could be taken back, or it does not fit what they made.
        """
        while True:
            try:
                return self._try(panel, actor, redo=redo)
            except _ChangedMeanwhile:
                continue

    def _try(self, panel: str, actor: Actor, *, redo: bool) -> Undone:
        changes, graph = self._recent.of(panel), self._writer.head.graph
        panel_view(graph, panel)
        found = plan(graph, panel, changes, actor.id, redo=redo)
        try:
            # A text that nobody has edited since comes back as it was written; else it is made anew.
            ops = found.ops if found.exact else with_text(graph, panel, found.own_ops(panel), self._reactor)[0]
        except PatchError as error:
            raise ConflictError(f"This does not fit what the panel has become since. {error.message}") from error

        def draw(_graph: Graph) -> Draft:
            if self._recent.of(panel)[-1].rev != changes[-1].rev:
                raise _ChangedMeanwhile
            return Draft(ops, actor, Cause(kind="redo" if redo else "undo", of=found.of.rev), panel)

        return Undone(self._writer.submit(draw), found.notes)
