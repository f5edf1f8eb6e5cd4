"""What is around entities, and what a change of one would touch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from nexus_jupyter.nog.graph import Graph
from nexus_jupyter.protocol.graph import Entity, EntityType, Relation
from nexus_jupyter.protocol.query import DEEPEST, WIDEST, Hop, Touched

__all__ = ["Neighbourhood", "impact", "neighbourhood", "reach"]

#: Relations whose source depends on their target.
_DEPENDENT: tuple[Relation, ...] = (
    "reads",
    "shows",
    "binds",
    "derivedFrom",
    "triggers",
    "links",
    "requires",
    "grants",
    "instanceOf",
    "realises",
)
#: Candidates that are ranked, for each entity that the budget allows, and relations between them, for each candidate.
_CANDIDATES, _PAIRS = 3, 3
#: Share of attention that is passed on along relations, and how often: what is left after that changes no ranking.
_PASSED_ON, _ROUNDS = 0.6, 8
_TOO_WIDE = f"there are more than {WIDEST} entities at one distance"
#: Bits of the second place in a pair.
_SHIFT = 20


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Entities around others, most relevant first, with their scores, which sum to one over all that were looked at."""

    entities: list[Entity]
    scores: list[float]
    truncated: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """Ids, nearest first; pairs of their places that a relation joins, each in one number; what was cut."""

    ids: list[str]
    pairs: list[int]
    cut: str


def reach(
    graph: Graph,
    ids: Sequence[str],
    *,
    relations: Collection[Relation] | None = None,
    types: Collection[EntityType] | None = None,
) -> list[str]:
    """Return the ids of all that is within ten relations of some entities, either way, nearest first.

    Parameters
    ----------
    graph
        Where to look.
    ids
        Where to begin; they come first.
    relations
        Which relations to follow; all, *contains* included, when left out.
    types
        Which entities to find and go through; all when left out.

    Raises
    ------
    NotFoundError
        If there is no entity of an id.
    """
    return _reach(graph, ids, relations, types, most=None).ids


def neighbourhood(
    graph: Graph,
    ids: Sequence[str],
    budget: int,
    *,
    relations: Collection[Relation] | None = None,
    types: Collection[EntityType] | None = None,
    cost: Callable[[Entity], int] | None = None,
) -> Neighbourhood:
    """Return what matters most around some entities, as much as fits a budget.

    The nearest entities are ranked by personalised PageRank (Page, Brin et al. 1999): attention starts at the given
    entities and is passed on along relations, either way, so that what many short ways lead to comes first.

    Parameters
    ----------
    graph
        Where to look.
    ids
        What it is about; they come first.
    budget
        How much all may cost.
    relations, types
        As in `reach`.
    cost
        What an entity costs, such as its tokens; 1 when left out.

    Raises
    ------
    NotFoundError
        If there is no entity of an id.
    """
    found = _reach(graph, ids, relations, types, most=max(_CANDIDATES * budget, 64))
    scores = _ranked(len(found.ids), len(set(ids)), found.pairs)
    order = sorted(range(len(found.ids)), key=scores.__getitem__, reverse=True)  # of equals, the nearest first
    chosen: list[int] = []
    left, skipped = budget, False
    for at in order:
        price = cost(graph.records[found.ids[at]].entity) if cost is not None else 1
        if price > left:
            skipped = True
            continue
        left -= price
        chosen.append(at)
        if left == 0:
            break
    cut = found.cut or (f"the budget of {budget}" if skipped or len(chosen) < len(found.ids) else "")
    return Neighbourhood([graph.records[found.ids[at]].entity for at in chosen], [scores[at] for at in chosen], cut)


def _reach(
    graph: Graph,
    ids: Sequence[str],
    relations: Collection[Relation] | None,
    types: Collection[EntityType] | None,
    *,
    most: int | None,
) -> _Found:
    walk = _Walk(graph, relations, types, most)
    level = walk.begin(ids)
    for _ in range(DEEPEST):
        level = walk.further(level)
        # Relations among the last candidates tell little: they are not looked through.
        if not level or walk.full:
            return _Found(list(walk.places), walk.pairs, walk.cut)
    cut = walk.cut or f"there may be more at a distance of more than {DEEPEST}"
    return _Found(list(walk.places), walk.pairs, cut)


class _Walk:
    """A search outwards, one distance after the other. With ``most``, up to so many entities, and pairs are noted."""

    def __init__(
        self,
        graph: Graph,
        relations: Collection[Relation] | None,
        types: Collection[EntityType] | None,
        most: int | None,
    ) -> None:
        self.places: dict[str, int] = {}
        self.pairs: list[int] = []
        self.cut = ""
        self._graph = graph
        self._relations = frozenset(relations) if relations is not None else None
        self._types = frozenset(types) if types is not None else None
        self._most = most

    @property
    def full(self) -> bool:
        """Whether there are as many as were wanted."""
        return self._most is not None and len(self.places) >= self._most

    def begin(self, ids: Sequence[str]) -> list[str]:
        """Take where it begins; raises `NotFoundError`."""
        for entity_id in ids:
            self._graph.record(entity_id)
            self.places.setdefault(entity_id, len(self.places))
        return list(self.places)

    def further(self, level: list[str]) -> list[str]:
        """Return what is one relation further than a level."""
        below: list[str] = []
        for entity_id in level:
            if len(below) >= WIDEST:
                self.cut = self.cut or _TOO_WIDE
                break
            if self._most is not None and self.full and len(self.pairs) >= _PAIRS * self._most:
                break
            self._look(entity_id, below)
        return below

    def _look(self, entity_id: str, below: list[str]) -> None:
        places, ways, kinds = self.places, self._relations, self._types
        noted = self.pairs if self._most is not None else None
        wide = len(places) - len(below) + WIDEST
        most = wide if self._most is None else min(self._most, wide)
        at = places[entity_id] << _SHIFT
        for relation, others in self._graph.records[entity_id].around:
            if ways is not None and relation not in ways:
                continue
            for other in others:
                place = places.get(other)
                if place is None:
                    if kinds is not None and self._graph.records[other].entity.type not in kinds:
                        continue
                    if len(places) >= most:
                        self.cut = self.cut or (
                            _TOO_WIDE if most == wide else f"only the nearest {most} were looked at"
                        )
                        continue
                    place = places[other] = len(places)
                    below.append(other)
                if noted is not None:
                    noted.append(at | place)


def _ranked(count: int, seeds: int, pairs: Sequence[int]) -> list[float]:
    """Return the personalised PageRank of the entities at the places 0 to ``count``, the first of which are seeds."""
    import numpy as np

    if not pairs:
        return [1 / seeds if at < seeds else 0.0 for at in range(count)]
    packed = np.array(pairs, dtype=np.int64)
    one, other = packed >> _SHIFT, packed & ((1 << _SHIFT) - 1)
    # Each pair both ways, once: those between two entities that were looked through were found from both ends.
    codes = np.unique(np.concatenate((packed, (other << _SHIFT) | one)))
    sources, targets = codes >> _SHIFT, codes & ((1 << _SHIFT) - 1)
    share = _PASSED_ON / np.bincount(sources, minlength=count)[sources]
    start = np.zeros(count)
    start[:seeds] = 1 / seeds
    rank = start
    for _ in range(_ROUNDS):
        passed = np.bincount(targets, weights=rank[sources] * share, minlength=count)
        rank = passed + start * (1 - passed.sum())
    scores: list[float] = rank.tolist()
    return scores


def impact(graph: Graph, entity_id: str, *, contents: bool = True) -> tuple[list[Touched], str]:
    """Return all that would be touched if an entity changed or went, nearest first, and what was cut.

    That is: what it contains; what reads, writes, shows, binds, triggers, derives from or links to any of that; what an
    action that is touched writes; and so on, ten relations far. A link to an export of another panel is followed.
    Without ``contents``, the entity changes but what it contains stays, as when it gets another title.

    Raises
    ------
    NotFoundError
        If there is no entity of that id.
    """
    graph.record(entity_id)
    ways: dict[str, tuple[str, Relation] | None] = {entity_id: None}
    level, cut = [entity_id], ""
    own = {entity.id for entity in graph.subtree(entity_id)} if contents else {entity_id}
    for _ in range(DEEPEST):
        below: list[str] = []
        for source in level:
            for relation, target in _touches(graph, source, inside=source in own):
                if target in ways or (relation == "contains" and not contents):
                    continue
                if len(below) == WIDEST:
                    cut = cut or _TOO_WIDE
                    break
                ways[target] = (source, relation)
                below.append(target)
        level = below
        if not level:
            break
    if level and any(target not in ways for source in level for _, target in _touches(graph, source, inside=False)):
        cut = cut or f"there is more at a distance of more than {DEEPEST}"
    touched = [Touched(entity=graph.entity(found), path=_path(ways, found)) for found in ways if found != entity_id]
    return touched, cut


def _touches(graph: Graph, entity_id: str, *, inside: bool) -> Iterator[tuple[Relation, str]]:
    """Yield what is touched directly; what is ``inside`` of what changes takes along what it contains."""
    record = graph.records[entity_id]
    if inside:
        yield from (("contains", child) for child in record.children)
        # Who writes it would fail if it went; who writes what merely changes with it would not.
        yield from (("writes", source) for source in sorted(record.into.get("writes", ())))
    for relation in _DEPENDENT:
        sources = record.into.get(relation)
        if sources:
            yield from ((relation, source) for source in sorted(sources))
    written = record.out.get("writes")
    if written:
        yield from (("writes", target) for target in sorted(written))
    if record.entity.attrs.get("tag") == "export":
        yield from _links(graph, entity_id)


def _links(graph: Graph, export: str) -> Iterator[tuple[Relation, str]]:
    """Yield the values of other panels that are linked to an export."""
    panel, _, node = export.partition("/")
    source = f"{panel}.{node.removeprefix('export.')}"
    for other in sorted(graph.record(panel).into.get("links", ())) if panel in graph else ():
        for value in graph.children(f"{other}/data") if f"{other}/data" in graph else ():
            if value.attrs.get("tag") == "link" and value.attrs.get("attr:from") == source:
                yield "derivedFrom", value.id


def _path(ways: dict[str, tuple[str, Relation] | None], found: str) -> list[Hop]:
    path: list[Hop] = []
    at = ways[found]
    while at is not None:
        source, relation = at
        path.append(Hop(relation=relation, id=found))
        found, at = source, ways[source]
    return path[::-1]
