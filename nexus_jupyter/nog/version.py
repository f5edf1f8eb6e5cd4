"""One version of a panel's entities as a tree: what contains what, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from nexus_jupyter.nog.order import spread
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.graph import Entity

__all__ = ["PanelVersion", "keyed", "parents_first"]

_SECTIONS = ("view", "data", "logic", "doc")


def keyed(entities: Iterable[Entity]) -> dict[str, Entity]:
    """Return entities, siblings in order, by id and with order keys."""
    found = list(entities)
    siblings: dict[str | None, list[str]] = {}
    for entity in found:
        siblings.setdefault(entity.parent, []).append(entity.id)
    keys: dict[str, str] = {}
    for parent, ids in siblings.items():
        keys |= dict(zip(ids, spread("", None, len(ids)) if parent is not None else [""] * len(ids), strict=True))
    return {entity.id: entity.model_copy(update={"order": keys[entity.id]}) for entity in found}


def parents_first(entities: Mapping[str, Entity]) -> dict[str, Entity]:
    """Return entities with each parent before its children, and siblings in order."""
    children = PanelVersion(dict(entities)).children
    found: dict[str, Entity] = {}
    stack = list(reversed(children.get(None, [])))
    while stack:
        entity_id = stack.pop()
        found[entity_id] = entities[entity_id]
        stack += reversed(children.get(entity_id, []))
    return found


@dataclass(slots=True)
class PanelVersion:
    """Entities by id, with the children of each in order."""

    entities: dict[str, Entity]
    children: dict[str | None, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.children = {}
        for entity in sorted(self.entities.values(), key=lambda entity: (entity.order, entity.id)):
            self.children.setdefault(entity.parent, []).append(entity.id)

    @classmethod
    def of(cls, entities: Mapping[str, Entity], panel: str) -> Self:
        """Return a version that has all sections: they come and go with what is in them, so that is no edit."""
        complete = dict(entities)
        for name in _SECTIONS:
            section = Entity(id=f"{panel}/{name}", type="Element", parent=panel, attrs={"tag": name})
            complete.setdefault(section.id, section)
        return cls(complete)

    def __contains__(self, entity_id: str) -> bool:
        return entity_id in self.entities

    def __getitem__(self, entity_id: str) -> Entity:
        return self.entities[entity_id]

    def place(self, entity_id: str) -> JsonValue:
        """Return what an entity is inside of, and the sibling that it stands behind."""
        return {"parent": self[entity_id].parent, "after": self.before(entity_id)}

    def before(self, entity_id: str) -> str | None:
        """Return the sibling that an entity stands behind."""
        siblings = self.children[self[entity_id].parent]
        at = siblings.index(entity_id)
        return siblings[at - 1] if at else None

    def subtree(self, top: str) -> list[JsonValue]:
        """Return an entity and all that it contains as JSON, each with the sibling that it stands behind."""
        found: list[JsonValue] = []
        stack = [top]
        while stack:
            entity = self[stack.pop()]
            found.append({**entity.model_dump(mode="json", exclude={"order"}), "after": self.before(entity.id)})
            stack += reversed(self.children.get(entity.id, []))
        return found

    def top(self, entity_id: str, among: set[str]) -> str:
        """Return the outermost entity around one that belongs to a set, with all between them."""
        while (parent := self[entity_id].parent) is not None and parent in among:
            entity_id = parent
        return entity_id
