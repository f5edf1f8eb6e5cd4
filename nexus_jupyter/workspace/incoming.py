"""Versions from elsewhere that come into the live graph, as one change of the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from nexus_jupyter.history import VersionStore
from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.merge import Overruled
from nexus_jupyter.protocol.conflict import Conflict
from nexus_jupyter.protocol.errors import HistoryError, NotFoundError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Cause, Change, Op
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.storage import Journal
from nexus_jupyter.workspace.merging import Authors, PanelMerge, merge_panel
from nexus_jupyter.workspace.panels import panel_view
from nexus_jupyter.workspace.versions import panel_texts
from nexus_jupyter.workspace.writer import Draft, Writer

__all__ = ["Brought", "Incoming"]

Files = Mapping[str, bytes]
_TRIES = 3
T = TypeVar("T")


class _ChangedMeanwhile(Exception):
    """The graph is not what the change was prepared for."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a version: the change, if it made one, the questions, and the values that gave way."""

    change: Change | None = None
    conflicts: list[Conflict] = field(default_factory=list)
    overruled: list[Overruled] = field(default_factory=list)


class Incoming:
    """Merges versions into the graph.

    Parameters
    ----------
    writer
        Of the workspace.
    journal
        Says who made what.
    reactor
        Reads and prints panels.
    store
        Says who made what came from a version.
    refuse
        Raises when a panel does not fit the others of a graph.
    """

    def __init__(
        self,
        writer: Writer,
        journal: Journal,
        reactor: Reactor,
        store: VersionStore,
        refuse: Callable[[Graph, Build], None],
    ) -> None:
        self._store = store
        self._refuse = refuse
        self._writer = writer
        self._journal = journal
        self._reactor = reactor

    def bring(self, base: Files, theirs: Files, cause: Cause, actor: Actor, by: tuple[str, int | None]) -> Brought:
        """Merge a version's panels into the graph.

        Parameters
        ----------
        base, theirs
            The files of the version that both sides come from, and of the one that comes.
        cause, actor
            Of the change.
        by
            Who made the version that comes, and when in nanoseconds since the epoch.

        Raises
        ------
        HistoryError
            If a panel of it cannot be read, or one that is new here has errors.
        NXMLError
            If the panels of both sides together would take values from each other in a circle.
        """
        change, brought = self.change(
            lambda graph: self._merged(graph, base, theirs, by), lambda ops, _: Draft(ops, actor, cause)
        )
        return Brought(change, brought.conflicts, brought.overruled)

    def attempt(self, base: Files, theirs: Files, by: tuple[str, int | None]) -> None:
        """Merge as `bring` does, and change nothing; raises what it would."""
        self._merged(self._writer.head.graph, base, theirs, by)

    def _merged(self, graph: Graph, base: Files, theirs: Files, by: tuple[str, int | None]) -> tuple[list[Op], Brought]:
        old, new = panel_texts(base), panel_texts(theirs)
        changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
        authors = self.authors(graph, by)
        ops: list[Op] = []
        merges: list[PanelMerge] = []
        for name in changed:
            one = merge_panel(graph, self._reactor, name, base=old.get(name), theirs=new.get(name), authors=authors)
            graph = apply(graph, one.ops, rev=0).graph
            ops += one.ops
            merges.append(one)
        for name in changed:
            if name in graph:
                self._refuse(graph, self._reactor.check(panel_view(graph, name).nxml))
        conflicts = [conflict for one in merges for conflict in one.conflicts]
        return ops, Brought(None, conflicts, [value for one in merges for value in one.overruled])

    def change(
        self, prepare: Callable[[Graph], tuple[list[Op], T]], draft: Callable[[list[Op], T], Draft]
    ) -> tuple[Change | None, T]:
        """Make a change that takes the reactor to prepare: outside the writer's lock, and again if it came too late."""
        for _ in range(_TRIES):
            graph = self._writer.head.graph
            ops, told = prepare(graph)

            def early(newest: Graph, of: Graph = graph, ops: list[Op] = ops, told: T = told) -> Draft:
                if newest is not of:
                    raise _ChangedMeanwhile
                return draft(ops, told)

            try:
                return self._writer.submit(early), told
            except _ChangedMeanwhile:
                continue
        # A busy workspace waits for this one.
        late: list[T] = []

        def draw(newest: Graph) -> Draft:
            ops, told = prepare(newest)
            late.append(told)
            return draft(ops, told)

        return self._writer.submit(draw), late[0]

    def authors(self, graph: Graph, theirs: tuple[str, int | None]) -> Authors:
        """Return who made what of two sides, the graph's being ours."""
        return Authors(lambda entity, attr: self._last(graph, entity, attr), theirs)

    def who(self, rev: int) -> tuple[str, int | None]:
        """Return who made a change, and when; of what came from a version, who made that."""
        change = next(self._journal.read(after=rev - 1), None) if rev > 0 else None
        if change is None:
            return "", None
        if change.cause.kind in ("checkout", "merge") and change.cause.ref is not None:
            with suppress(HistoryError, NotFoundError):  # the repository may have been made anew
                version = self._store.resolve(change.cause.ref)
                return version.author, int(version.time.timestamp() * 1e9)
        return change.actor.name or change.actor.id, change.ts

    def _last(self, graph: Graph, entity: str, attr: str) -> tuple[str, int | None]:
        """Return who changed an attribute last; of something that is gone, nobody knows."""
        record = graph.records.get(entity)
        return self.who(record.touched.get(attr, 0)) if record is not None else ("", None)
