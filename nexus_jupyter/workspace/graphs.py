"""The object graph of a workspace as others ask about it: now or at any rev, as data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from nexus_jupyter.nog import Graph, Match, apply, explain, impact, neighbourhood, seen_by
from nexus_jupyter.nog.jsonld import to_jsonld
from nexus_jupyter.nog.jsonpatch import json_patch
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.protocol.query import (
    Explanation,
    GraphAnswer,
    GraphContents,
    GraphQuery,
    Impact,
    NeighbourhoodQuestion,
)
from nexus_jupyter.protocol.stream import FrameChanged
from nexus_jupyter.storage import Journal
from nexus_jupyter.workspace.writer import Head, Writer

__all__ = ["GraphReader"]

#: Changes that are rather read past than sought.
_NEAR = 50


class GraphReader:
    """Answers questions about the graph. Each takes a rev; ``None`` is the newest.

    Parameters
    ----------
    writer, journal
        Those of the workspace.
    name
        The workspace's name.
    seen
        Makes of a graph what may be seen of it; all, when left out. See `seen_by`.

    Raises
    ------
    NotFoundError
        From each method: if there is no such rev, or no entity of an id at it.
    """

    def __init__(
        self, writer: Writer, journal: Journal, name: str, seen: Callable[[Graph], Graph] = lambda graph: graph
    ) -> None:
        self._writer = writer
        self._journal = journal
        self._name = name
        self._seen = seen
        self._turns: dict[str, threading.Lock] = {}

    def seen_by(self, user: str | None) -> GraphReader:
        """Return a reader that answers as one person may know, or as everybody may."""
        return GraphReader(self._writer, self._journal, self._name, lambda graph: seen_by(graph, user))

    def at(self, rev: int | None = None) -> Head:
        """Return the graph at a rev."""
        head = self._whole(rev)
        return Head(self._seen(head.graph), head.rev)

    def _whole(self, rev: int | None) -> Head:
        head = self._writer.head
        return head if rev is None or rev == head.rev else Head(self._writer.at(rev), rev)

    def contents(self, rev: int | None = None) -> GraphContents:
        """Return all entities and relations."""
        head = self.at(rev)
        entities = [record.entity for record in head.graph.records.values()]
        return GraphContents(rev=head.rev, nodes=entities, edges=list(head.graph.edges()))

    def match(self, query: GraphQuery, rev: int | None = None) -> GraphAnswer:
        """Answer a query."""
        head = self.at(rev)
        found = Match(head.graph, query)
        return GraphAnswer(rev=head.rev, entities=found.entities, truncated=found.truncated)

    def impact(self, entity_id: str, rev: int | None = None) -> Impact:
        """Return what would be touched if an entity changed or went."""
        head = self.at(rev)
        touched, cut = impact(head.graph, entity_id)
        return Impact(rev=head.rev, id=entity_id, touched=touched, truncated=cut)

    def neighbourhood(self, asked: NeighbourhoodQuestion, rev: int | None = None) -> GraphAnswer:
        """Return what matters most around some entities."""
        head = self.at(rev)
        found = neighbourhood(head.graph, asked.ids, asked.budget, relations=asked.relations, types=asked.types)
        return GraphAnswer(rev=head.rev, entities=found.entities, scores=found.scores, truncated=found.truncated)

    def explain(self, entity_id: str, rev: int | None = None) -> Explanation:
        """Return why an entity is what it is."""
        head = self.at(rev)
        return explain(head.graph, entity_id, self.changes, rev=head.rev)

    def jsonld(self, rev: int | None = None) -> dict[str, Any]:  # Any: a JSON-LD document
        """Return the graph and the changes that led to it as JSON-LD."""
        head = self.at(rev)
        changes = [change for change in self._journal.read() if change.rev <= head.rev]
        return to_jsonld(head.graph, changes, self._name)

    def json_patch(self, rev: int) -> list[dict[str, Any]]:  # Any: JSON
        """Return the change that made a rev as an RFC 6902 patch of the document that `nog.to_json` gives."""
        change = self.changes([rev]).get(rev)
        if change is None:
            raise NotFoundError(f"There is no rev {rev}: the revs go from 1 to {self._writer.head.rev}.")
        before = self._whole(rev - 1).graph
        after = apply(before, change.ops, rev=rev).graph
        return json_patch(self._seen(before), self._seen(after), change)

    def changes(self, revs: Collection[int]) -> Mapping[int, Change]:
        """Return changes of the journal by rev."""
        found: dict[int, Change] = {}
        reading: Iterator[Change] = iter(())
        at = 0
        for rev in sorted(revs):
            # Near ones are read on to; for one that is far, reading begins anew there.
            if rev - at > _NEAR or at == 0:
                reading = self._journal.read(after=rev - 1)
            for change in reading:
                at = change.rev
                if at == rev:
                    found[rev] = change
                if at >= rev:
                    break
        return found

    def turn(self, panel: str) -> AbstractContextManager[object]:
        """Return what is held from working out a panel's rows until they are read.

        Rows of the graph depend on what one person has chosen, and a panel has one table of each name for all.
        """
        graph = self._writer.head.graph
        if panel not in graph or not shows_graph(graph, panel):
            return nullcontext()
        return self._turns.setdefault(panel, threading.Lock())

    def follow(self, panels: Collection[str], send: Callable[[FrameChanged], None]) -> Callable[[], None]:
        """Be told of changes of the graph while one of some panels shows it; returns what ends that."""

        def tell(change: Change, head: Head) -> None:
            if any(name in head.graph and shows_graph(head.graph, name) for name in tuple(panels)):
                send(FrameChanged(name="nog:", rev=change.rev))

        _, stop = self._writer.listen(tell)
        return stop


def shows_graph(graph: Graph, panel: str) -> bool:
    """Tell, at once, whether a panel's text may have a frame of the graph, or of what goes on in the workspace."""
    text = str(graph.entity(panel).attrs.get("nxml", ""))
    return '"nog:' in text or '"trilog:' in text
