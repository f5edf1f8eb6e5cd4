"""Typed queries: entities of a type, and where relations lead from them, within hard limits.

A query is a value that can be sent (`protocol.query`). It is worked out lazily: what nobody takes is not looked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Self, TypeGuard

from nexus_jupyter.nog.graph import Graph, Record
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.graph import Entity, EntityType, Relation
from nexus_jupyter.protocol.query import DEEPEST, WIDEST, Comparison, GraphQuery, Step

__all__ = ["Match", "Pattern", "Predicate", "match", "value_of"]

Predicate = Callable[[Entity], bool]
Op = Literal["==", "!=", "<", "<=", ">", ">=", "contains"]
#: Seconds that a query may take.
_SECONDS = 0.25
#: Entities looked at between two looks at the clock.
_TICKS = 64
_FIELDS = frozenset({"id", "type", "parent"})


class Pattern:
    """A query under construction; each call returns a longer one.

    Parameters
    ----------
    query
        What it is so far.
    predicates
        Conditions in Python, by the number of the step that they belong to; 0 is the start.
    """

    def __init__(self, query: GraphQuery, predicates: Sequence[tuple[int, Predicate]] = ()) -> None:
        self.query = query
        self.predicates = tuple(predicates)

    def out(self, relation: Relation, type: EntityType | None = None, *, depth: int | None = 1) -> Self:  # noqa: A002 - the field's name for it
        """Go along a relation, to entities of a type.

        Parameters
        ----------
        relation
            Which one.
        type
            What to find there; anything when left out.
        depth
            How many times in a row; ``None`` for as far as it goes.

        Raises
        ------
        RequestError
            If the query gets longer than ten steps.
        """
        return self._step("out", relation, type, depth)

    def into(self, relation: Relation, type: EntityType | None = None, *, depth: int | None = 1) -> Self:  # noqa: A002 - as above
        """Go against a relation: to what has it to the entities found so far; else as `out`."""
        return self._step("into", relation, type, depth)

    def where(
        self, condition: str | Predicate | None = None, op: Op = "==", value: JsonValue = None, /, **attrs: JsonValue
    ) -> Self:
        """Keep those entities that meet all conditions.

        Parameters
        ----------
        condition
            An attribute's name, to be compared by ``op`` with ``value``; or a function of an entity.
        op
            ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` or ``contains``.
        **attrs
            Attributes and the values that they must have.

        Examples
        --------
        >>> from nexus_jupyter.nog import Graph, match
        >>> match(Graph(), "Element").where("label", "contains", "Save").where(tag="button").query.where[1].value
        'button'
        """
        if callable(condition):
            return self._next(self.query, (*self.predicates, (len(self.query.steps), condition)))
        named = [Comparison(attr=condition, op=op, value=value)] if condition is not None else []
        added = [*named, *(Comparison(attr=attr, value=wanted) for attr, wanted in attrs.items())]
        steps = self.query.steps
        if steps:
            last = steps[-1].model_copy(update={"where": [*steps[-1].where, *added]})
            return self._next(self.query.model_copy(update={"steps": [*steps[:-1], last]}), self.predicates)
        return self._next(self.query.model_copy(update={"where": [*self.query.where, *added]}), self.predicates)

    def limit(self, count: int) -> Self:
        """Take so many entities at most; what is beyond is not looked for."""
        if count < 1:
            raise RequestError("A limit is 1 or more.")
        return self._next(self.query.model_copy(update={"limit": count}), self.predicates)

    def _step(
        self, way: Literal["out", "into"], relation: Relation, kind: EntityType | None, depth: int | None
    ) -> Self:
        step = Step(way=way, relation=relation, type=kind, depth=depth)
        query = self.query.model_copy(update={"steps": [*self.query.steps, step]})
        depths(query)
        return self._next(query, self.predicates)

    def _next(self, query: GraphQuery, predicates: Sequence[tuple[int, Predicate]]) -> Self:
        """Return the same kind of pattern with another query."""
        raise NotImplementedError


class Match(Pattern):
    """What a query finds in a graph. Entities are found when they are asked for, each one once.

    Parameters
    ----------
    graph
        Where to look.
    query, predicates
        What to look for.
    clock
        Seconds, for the limit of time.
    """

    def __init__(
        self,
        graph: Graph,
        query: GraphQuery,
        predicates: Sequence[tuple[int, Predicate]] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(query, predicates)
        self._graph = graph
        self._clock = clock
        self._search = _Search(graph, query, self.predicates, clock)
        self._found: list[Entity] = []
        self._rest = self._search.run()

    @property
    def entities(self) -> list[Entity]:
        """All that is found."""
        return list(self)

    @property
    def truncated(self) -> str:
        """What was cut by a limit of queries, in a sentence; empty if nothing was. Looks for all first."""
        self._found.extend(self._rest)
        return self._search.cut

    def __iter__(self) -> Iterator[Entity]:
        at = 0
        while True:
            if at == len(self._found):
                found = next(self._rest, None)
                if found is None:
                    return
                self._found.append(found)
            yield self._found[at]
            at += 1

    def _next(self, query: GraphQuery, predicates: Sequence[tuple[int, Predicate]]) -> Match:
        return Match(self._graph, query, predicates, clock=self._clock)


def match(
    graph: Graph,
    type: EntityType | None = None,  # noqa: A002 - the field's name for it
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Match:
    """Begin a query with all entities of a type, or with all.

    A query follows at most ten relations, gives at most a thousand entities for each, and takes a quarter of a second.

    Examples
    --------
    >>> from nexus_jupyter.nog import Graph
    >>> match(Graph(), "Panel").out("contains", "Element", depth=None).where(tag="button").limit(3).entities
    []
    """
    return Match(graph, GraphQuery(type=type), clock=clock)


def value_of(entity: Entity, name: str) -> JsonValue:
    """Return what a name in a condition stands for: a field, an attribute, or an attribute of the text; else null."""
    if name in _FIELDS:
        value: JsonValue = getattr(entity, name)
        return value
    attrs = entity.attrs
    return attrs[name] if name in attrs else attrs.get(f"attr:{name}")


def depths(query: GraphQuery) -> list[tuple[int, bool]]:
    """Return how often each step is taken at most, and whether it is this limit that would end it.

    Raises
    ------
    RequestError
        If that is more than ten in all.
    """
    said = [step.depth or 1 for step in query.steps]
    spare = DEEPEST - sum(said)
    if spare < 0:
        raise RequestError(f"A query follows at most {DEEPEST} relations in a row; this one follows {sum(said)}.")
    endless = sum(step.depth is None for step in query.steps)
    return [(step.depth, False) if step.depth is not None else (1 + spare // endless, True) for step in query.steps]


class _Search:
    """One working out of a query."""

    def __init__(
        self,
        graph: Graph,
        query: GraphQuery,
        predicates: Sequence[tuple[int, Predicate]],
        clock: Callable[[], float],
    ) -> None:
        self.cut = ""
        self._graph = graph
        self._query = query
        self._predicates = predicates
        self._clock = clock
        self._ticks = 0
        self._end: float | None = None
        self._over = False

    def run(self) -> Iterator[Entity]:
        found = self._start()
        for number, (step, (depth, capped)) in enumerate(zip(self._query.steps, depths(self._query), strict=True), 1):
            found = self._follow(found, number, step, depth, capped=capped)
        for count, record in enumerate(found, 1):
            yield record.entity
            if count == self._query.limit:
                return

    def _late(self) -> bool:
        """Tell whether the time is over; looks at the clock now and then."""
        self._ticks += 1
        if self._ticks % _TICKS == 1:
            now = self._clock()
            if self._end is None:
                self._end = now + _SECONDS
            elif now > self._end:
                self._over = True
                self._say(f"the query took longer than {_SECONDS * 1000:.0f} ms")
        return self._over

    def _say(self, what: str) -> None:
        self.cut = self.cut or what

    def _start(self) -> Iterator[Record]:
        query, records = self._query, self._graph.records
        named = [one.value for one in query.where if one.attr == "id" and one.op == "=="]
        ids = named or sorted(self._graph.types.get(query.type, ()) if query.type else records)
        fits = self._condition(0, query.type, query.where)
        given = 0
        for entity_id in ids:
            if self._late():
                return
            record = records.get(entity_id) if isinstance(entity_id, str) else None
            if record is not None and fits(record.entity):
                if given == WIDEST:
                    self._say(f"there are more than {WIDEST} entities to start from")
                    return
                given += 1
                yield record

    def _follow(
        self, found: Iterator[Record], number: int, step: Step, depth: int, *, capped: bool
    ) -> Iterator[Record]:
        records = self._graph.records
        fits = self._condition(number, step.type, step.where)
        where = f"step {number} ({step.way} {step.relation})"
        seen: dict[str, int] = {}
        given = 0
        for start in found:
            level = [start]
            for left in range(depth, 0, -1):
                below: list[Record] = []
                for record in level:
                    for target in _targets(record, step):
                        if self._late():
                            return
                        # An entity that was met with fewer levels to go is looked through again.
                        met = seen.get(target, 0)
                        if met >= left:
                            continue
                        seen[target] = left
                        there = records[target]
                        below.append(there)
                        if met == 0 and fits(there.entity):
                            if given == WIDEST:
                                self._say(
                                    f"step {number} ({step.way} {step.relation}) gives more than {WIDEST} entities"
                                )
                                return
                            given += 1
                            yield there
                level = below
                if not level:
                    break
            if capped and any(_targets(record, step) for record in level):
                self._say(f"{where} leads further than {depth} relations in a row")

    def _condition(self, number: int, kind: EntityType | None, where: Sequence[Comparison]) -> Predicate:
        own = [predicate for step, predicate in self._predicates if step == number]

        def fits(entity: Entity) -> bool:
            return (
                (kind is None or entity.type == kind)
                and all(_holds(one, entity) for one in where)
                and all(predicate(entity) for predicate in own)
            )

        return fits


def _targets(record: Record, step: Step) -> Sequence[str]:
    if step.relation == "contains":
        if step.way == "out":
            return record.children
        return (record.entity.parent,) if record.entity.parent is not None else ()
    ends = (record.out if step.way == "out" else record.into).get(step.relation)
    return sorted(ends) if ends else ()


def _holds(one: Comparison, entity: Entity) -> bool:
    found, wanted = value_of(entity, one.attr), one.value
    match one.op:
        case "==":
            return _same(found, wanted)
        case "!=":
            return not _same(found, wanted)
        case "contains":
            if isinstance(found, str):
                return isinstance(wanted, str) and wanted in found
            if isinstance(found, dict):
                return isinstance(wanted, str) and wanted in found
            return isinstance(found, list) and any(_same(item, wanted) for item in found)
        case _:
            return _ordered(found, one.op, wanted)


def _same(a: JsonValue, b: JsonValue) -> bool:
    # true is no 1 in JSON.
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _ordered(found: JsonValue, op: str, wanted: JsonValue) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return _compared((found > wanted) - (found < wanted), op)
    if _is_number(found) and _is_number(wanted):
        return _compared((found > wanted) - (found < wanted), op)
    return False


def _compared(sign: int, op: str) -> bool:
    return {"<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[op]


def _is_number(value: JsonValue) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
