"""Questions to the object graph, and what answers them. A question is data: it is sent as it is, never as code."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.graph import Edge, Entity, EntityType, Relation
from nexus_jupyter.protocol.identity import Actor

__all__ = [
    "DEEPEST",
    "WIDEST",
    "AttributeCause",
    "CauseLink",
    "Comparison",
    "EntityQuestion",
    "Explanation",
    "GraphAnswer",
    "GraphContents",
    "GraphQuery",
    "Hop",
    "Impact",
    "NeighbourhoodQuestion",
    "Step",
    "Touched",
]

#: How many relations a query follows, one after the other, and how many entities each of its steps gives.
DEEPEST, WIDEST = 10, 1000


class Comparison(Contract):
    """A condition on an entity.

    ``attr`` is ``id``, ``type``, ``parent``, or an attribute; an attribute of the panel's text can be named without
    its ``attr:``. One that an entity lacks is null. ``<`` and its like hold between numbers and between texts only.
    """

    attr: str
    op: Literal["==", "!=", "<", "<=", ">", ">=", "contains"] = "=="
    value: JsonValue = None


class Step(Contract):
    """Follow a relation, from its source (``out``) or to it (``into``).

    ``depth`` is how many times in a row, every entity on the way included; null is as far as it goes.
    """

    way: Literal["out", "into"]
    relation: Relation
    type: EntityType | None = None
    depth: int | None = Field(default=1, ge=1, le=DEEPEST)
    where: list[Comparison] = []


class GraphQuery(Contract):
    """Entities of a type (any, when null) that meet conditions, and where steps lead from them."""

    type: EntityType | None = None
    where: list[Comparison] = []
    steps: list[Step] = Field(default=[], max_length=DEEPEST)
    limit: int | None = Field(default=None, ge=1)


class GraphAnswer(Contract):
    """Entities at ``rev``, with their scores where they were ranked; ``truncated`` says what was cut, if anything."""

    rev: int
    entities: list[Entity]
    scores: list[float] = []
    truncated: str = ""


class NeighbourhoodQuestion(Contract):
    """What is around some entities: at most ``budget``, over the given relations and types, or over all."""

    ids: list[str] = Field(min_length=1, max_length=100)
    budget: int = Field(default=50, ge=1, le=10_000)
    relations: list[Relation] | None = None
    types: list[EntityType] | None = None


class EntityQuestion(Contract):
    """Something that is asked about one entity."""

    id: str


class GraphContents(Contract):
    """All entities and relations of a graph at ``rev``."""

    rev: int
    nodes: list[Entity]
    edges: list[Edge]


class Hop(Contract):
    """One step of a path: the relation, and what it leads to."""

    relation: Relation
    id: str


class Touched(Contract):
    """Something that a change would touch, and the shortest way there from what changes."""

    entity: Entity
    path: list[Hop]


class Impact(Contract):
    """All that would be touched if an entity changed or went, nearest first."""

    rev: int
    id: str
    touched: list[Touched]
    truncated: str = ""


class CauseLink(Contract):
    """One link in a chain of causes.

    A change (``rev``), or a run that changed nothing itself but started another one (``rev`` is null). ``text`` says it
    in words.
    """

    text: str
    rev: int | None = None
    ts: int | None = None
    actor: Actor | None = None
    kind: str
    via: str
    panel: str | None = None
    element: str | None = None
    action: str | None = None
    run: str | None = None
    of: int | None = None
    ref: str | None = None


class AttributeCause(Contract):
    """Why attributes are what they are: what last touched them, and what caused that in turn."""

    attrs: list[str]
    chain: list[CauseLink]


class Explanation(Contract):
    """Why an entity is what it is at ``rev``, latest change first."""

    rev: int
    entity: Entity
    causes: list[AttributeCause]
