"""The vocabulary of the Nexus Object Graph: which things there are, and what may relate to what."""

from __future__ import annotations

from typing import Literal, get_args

from nexus_jupyter.protocol.base import Contract, JsonValue

__all__ = ["ENTITY_TYPES", "RELATION_ENDS", "Edge", "Entity", "EntityType", "Relation", "relation_allowed"]

EntityType = Literal[
    "Workspace",
    "Panel",
    "Element",
    "State",
    "Computed",
    "Type",
    "Action",
    "Effect",
    "Tool",
    "Resource",
    "Frame",
    "Column",
    "Query",
    "Capability",
    "Grant",
    "Intent",
    "Prompt",
    "Commit",
    "User",
    "Package",
    "Conflict",
]
ENTITY_TYPES: tuple[EntityType, ...] = get_args(EntityType)

Relation = Literal[
    "contains",
    "reads",
    "writes",
    "triggers",
    "binds",
    "shows",
    "derivedFrom",
    "requires",
    "grants",
    "authoredBy",
    "realises",
    "links",
    "instanceOf",
]

_VALUES: frozenset[EntityType] = frozenset({"State", "Computed", "Query", "Frame", "Column"})

#: For each relation, the types it may start from and the types it may end at.
RELATION_ENDS: dict[Relation, tuple[frozenset[EntityType], frozenset[EntityType]]] = {
    "contains": (
        frozenset({"Workspace", "Panel", "Element", "Frame"}),
        frozenset(ENTITY_TYPES) - {"Workspace"},
    ),
    "reads": (frozenset({"Element", "Computed", "Query", "Action", "Effect", "Resource", "Tool"}), _VALUES),
    "writes": (frozenset({"Action", "Effect", "Tool", "Element"}), frozenset({"State"})),
    "triggers": (frozenset({"Element", "Tool", "Effect"}), frozenset({"Action"})),
    "binds": (frozenset({"Element"}), frozenset({"State"})),
    "shows": (frozenset({"Element"}), _VALUES),
    "derivedFrom": (frozenset({"Query", "Computed", "Frame", "Column"}), _VALUES),
    "requires": (frozenset({"Panel", "Action", "Effect", "Package"}), frozenset({"Capability"})),
    "grants": (frozenset({"Grant"}), frozenset({"Capability"})),
    "authoredBy": (frozenset(ENTITY_TYPES) - {"User"}, frozenset({"User"})),
    "realises": (
        _VALUES | {"Panel", "Element", "Type", "Action", "Effect", "Tool", "Resource", "Prompt", "Commit"},
        frozenset({"Intent"}),
    ),
    "links": (frozenset({"Panel"}), frozenset({"Panel"})),
    "instanceOf": (frozenset({"Panel", "Element"}), frozenset({"Package"})),
}

#: Types that stand in one type of entity only.
_INSIDE: dict[EntityType, EntityType] = {"Panel": "Workspace", "Column": "Frame"}


def relation_allowed(relation: Relation, source: EntityType, target: EntityType) -> bool:
    """Return whether a relation may lead from an entity of one type to one of another.

    Examples
    --------
    >>> relation_allowed("binds", "Element", "State"), relation_allowed("binds", "State", "Element")
    (True, False)
    """
    sources, targets = RELATION_ENDS[relation]
    if source not in sources or target not in targets:
        return False
    if relation == "contains":
        # A frame has columns and nothing else; a panel stands in no other panel.
        return _INSIDE.get(target, source) == source and (source != "Frame" or target == "Column")
    return True


class Entity(Contract):
    """One thing in the graph.

    ``id`` is unique in the workspace: ``PANEL`` for a panel, ``PANEL/NODE`` for what a panel contains, ``frame:NAME``
    for a shared frame. ``parent`` and ``order`` are the relation *contains*: ``order`` is a text that sorts among
    siblings and leaves room between any two.
    """

    id: str
    type: EntityType
    parent: str | None = None
    order: str = ""
    attrs: dict[str, JsonValue] = {}


class Edge(Contract):
    """A typed relation between two entities, other than *contains*."""

    source: str
    relation: Relation
    target: str
