"""The Nexus Object Graph: typed records in persistent maps.

A `Graph` is a value. Readers take one and never lock; a change makes a new one that shares what did not change, so
every version can be kept (persistent hash array mapped tries, `immutables`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from immutables import Map

from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.protocol.graph import Edge, Entity, EntityType, Relation

__all__ = ["Graph", "Record"]

Adjacency = Map[Relation, Map[str, None]]
Around = tuple[tuple[Relation, tuple[str, ...]], ...]
_NO_EDGES: Adjacency = Map()


@dataclass(frozen=True, slots=True)
class Record:
    """An entity with its neighbourhood.

    ``children`` are in order. ``touched`` gives for each attribute the rev that last changed it; the key ``"@place"``
    stands for parent and order, ``"@born"`` for when it was made.
    """

    entity: Entity
    children: tuple[str, ...] = ()
    out: Adjacency = _NO_EDGES
    into: Adjacency = _NO_EDGES
    touched: Map[str, int] = field(default_factory=Map)
    _around: Around | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def around(self) -> Around:
        """Its neighbours by relation, either way, sorted (what it contains: in order). Worked out once."""
        found = self._around
        if found is None:
            groups: list[tuple[Relation, tuple[str, ...]]] = []
            if self.children:
                groups.append(("contains", self.children))
            if self.entity.parent is not None:
                groups.append(("contains", (self.entity.parent,)))
            # The order of a map is that of its hashes, which is another in each process.
            for ends in (self.out, self.into):
                for relation, ids in sorted(ends.items()) if len(ends) > 1 else ends.items():
                    groups.append((relation, tuple(sorted(ids)) if len(ids) > 1 else tuple(ids)))
            found = tuple(groups)
            # Only a cache: a record made from this one by `replace` begins without.
            object.__setattr__(self, "_around", found)
        return found


@dataclass(frozen=True, slots=True)
class Graph:
    """All entities and relations of a workspace at one moment."""

    records: Map[str, Record] = field(default_factory=Map)
    types: Map[EntityType, Map[str, None]] = field(default_factory=Map)

    def __contains__(self, entity_id: str) -> bool:
        return entity_id in self.records

    def __len__(self) -> int:
        return len(self.records)

    def record(self, entity_id: str) -> Record:
        """Return the record of an id.

        Raises
        ------
        NotFoundError
            If there is no such entity.
        """
        found = self.records.get(entity_id)
        if found is None:
            raise NotFoundError(f"There is nothing with the id '{entity_id}'.")
        return found

    def entity(self, entity_id: str) -> Entity:
        """Return the entity of an id; raises `NotFoundError`."""
        return self.record(entity_id).entity

    def of_type(self, entity_type: EntityType) -> list[Entity]:
        """Return all entities of a type, sorted by id."""
        return [self.records[entity_id].entity for entity_id in sorted(self.types.get(entity_type, ()))]

    def children(self, entity_id: str) -> list[Entity]:
        """Return what an entity contains directly, in order."""
        return [self.records[child].entity for child in self.record(entity_id).children]

    def subtree(self, entity_id: str) -> Iterator[Entity]:
        """Yield an entity and all that it contains, parents first, siblings in order."""
        stack = [entity_id]
        while stack:
            record = self.record(stack.pop())
            yield record.entity
            stack.extend(reversed(record.children))

    def edges(self) -> Iterator[Edge]:
        """Yield all relations other than *contains*."""
        for entity_id, record in self.records.items():
            for relation, targets in record.out.items():
                for target in targets:
                    yield Edge(source=entity_id, relation=relation, target=target)

    def edges_of(self, entity_id: str) -> Iterator[Edge]:
        """Yield the relations from and to an entity."""
        record = self.record(entity_id)
        for relation, targets in record.out.items():
            for target in sorted(targets):
                yield Edge(source=entity_id, relation=relation, target=target)
        for relation, sources in record.into.items():
            for source in sorted(sources):
                if source != entity_id:
                    yield Edge(source=source, relation=relation, target=entity_id)
