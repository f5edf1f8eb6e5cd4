"""Three-way merge of a panel's entities, by id: a pure function.

Different attributes of one thing merge, and so do an edit of it and a new place for it. What excludes each other is a
conflict: then ours stays, and theirs is kept in the conflict until somebody decides. Live values (a state's value) are
no structure: of two new values the later one holds, and the other is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nexus_jupyter.nog.lines import merge_lines
from nexus_jupyter.nog.order import spread
from nexus_jupyter.nog.personal import is_personal
from nexus_jupyter.nog.siblings import kept_in_order, merge_sequence
from nexus_jupyter.nog.version import PanelVersion, parents_first
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.conflict import Conflict, ConflictSide, Pick
from nexus_jupyter.protocol.graph import Entity

__all__ = ["Merged", "Overruled", "live", "merge", "merge_text"]

Entities = Mapping[str, Entity]
#: Which side's value of (entity, attribute) is the later one.
Later = Callable[[str, str], Pick]


@dataclass(frozen=True, slots=True)
class Overruled:
    """A live value that a later one of the other side has replaced. ``side`` is whose it was."""

    entity: str
    attr: str
    value: JsonValue
    side: Pick


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged panel: entities by id (parents first, siblings in order), what excluded each other, what gave way.

    The conflicts have no ids yet, and nobody's name.
    """

    entities: dict[str, Entity]
    conflicts: list[Conflict]
    overruled: list[Overruled]


def merge(base: Entities, ours: Entities, theirs: Entities, *, panel: str, later: Later | None = None) -> Merged:
    """Merge two versions of a panel that have a common ancestor.

    Parameters
    ----------
    base, ours, theirs
        Entities by id, with order keys; the panel's own entity among them.
    panel
        The panel's name.
    later
        Says whose live value holds where both sides gave one; theirs when left out.

    Returns
    -------
    Merged
        No entity of either side is lost: it is in the result, in a conflict, or was removed by one side and left alone
        by the other.
    """
    before, mine, yours = (PanelVersion.of(side, panel) for side in (base, ours, theirs))
    return _Merge(panel, before, mine, yours, later or (lambda _entity, _attr: "theirs")).run()


def live(entity: Entity, attr: str) -> bool:
    """Whether an attribute is not part of the panel's text, but a value that people and actions set."""
    return entity.type == "State" and (attr == "value" or is_personal(attr))


def merge_text(base: str, ours: str, theirs: str) -> str | None:
    """Merge texts by lines; ``None`` when both sides changed the same lines."""
    merged = merge_lines(base.split("\n"), ours.split("\n"), theirs.split("\n"))
    return None if merged is None else "\n".join(merged)


@dataclass(slots=True)
class _Merge:
    panel: str
    base: PanelVersion
    ours: PanelVersion
    theirs: PanelVersion
    later: Later
    conflicts: list[Conflict] = field(default_factory=list)
    overruled: list[Overruled] = field(default_factory=list)

    def run(self) -> Merged:
        alive = self._alive()
        parents = self._parents(alive)
        merged = {entity_id: self._attributes(entity_id, parents[entity_id]) for entity_id in sorted(alive)}
        entities = self._ordered(merged, parents)
        conflicts = sorted(self.conflicts, key=lambda one: (one.entity, one.kind, one.attr or ""))
        return Merged(entities, conflicts, self.overruled)

    # What there is

    def _alive(self) -> set[str]:
        both = {entity_id for entity_id in self.ours.entities if entity_id in self.theirs}
        alive = both | {i for side in (self.ours, self.theirs) for i in side.entities if i not in self.base}
        for kept, other in ((self.ours, self.theirs), (self.theirs, self.ours)):
            removed = {i for i in kept.entities if i in self.base and i not in other}
            # Each is judged with all around it that went with it, so that there is one question and not many.
            for top in sorted({kept.top(entity_id, removed) for entity_id in removed}):
                alive = self._removed(top, removed, kept, other, alive)
        return alive

    def _removed(
        self, top: str, removed: set[str], kept: PanelVersion, other: PanelVersion, alive: set[str]
    ) -> set[str]:
        group, guests = self._group(top, removed, kept, other)
        edited = any(self._edited(entity_id, kept) for entity_id in group) or bool(guests)
        if not edited:
            return alive
        value = ConflictSide(value=kept.subtree(top))
        gone = ConflictSide(removed=True)
        name = top.removeprefix(f"{self.panel}/")
        if kept is self.ours:
            message = f"'{name}' was edited here and removed there."
            self._conflict("removed", top, message, ours=value, theirs=gone, base=self._base_value(top))
            return alive | group
        message = f"'{name}' was removed here and edited there."
        self._conflict("removed", top, message, ours=gone, theirs=value, base=self._base_value(top))
        return alive - {entity_id for entity_id in guests if entity_id not in self.ours}

    def _group(self, top: str, removed: set[str], kept: PanelVersion, other: PanelVersion) -> tuple[set[str], set[str]]:
        """Return what was removed around an entity, and what the side that kept it has put into it."""
        group: set[str] = set()
        guests: set[str] = set()
        stack = [top]
        while stack:
            entity_id = stack.pop()
            if entity_id in removed:
                group.add(entity_id)
            elif entity_id not in other:
                guests.add(entity_id)
            else:
                if entity_id not in self.base or self.base[entity_id].parent != kept[entity_id].parent:
                    guests.add(entity_id)  # it lives on elsewhere, with all that is in it
                continue
            stack += kept.children.get(entity_id, [])
        return group, guests

    def _edited(self, entity_id: str, side: PanelVersion) -> bool:
        """Whether a side changed something of an entity other than live values."""
        old, new = self.base[entity_id], side[entity_id]
        names = {*old.attrs, *new.attrs}
        if old.parent != new.parent:
            return True
        return any(old.attrs.get(name) != new.attrs.get(name) for name in names if not live(new, name))

    def _base_value(self, entity_id: str) -> JsonValue:
        return self.base[entity_id].model_dump(mode="json", exclude={"order"})

    # Where it is

    def _parents(self, alive: set[str]) -> dict[str, str | None]:
        parents = {entity_id: self._parent(entity_id) for entity_id in sorted(alive)}
        self._mend_orphans(alive, parents)
        # What goes back to where ours has it may come into something that is gone.
        while self._break_cycles(parents):
            self._mend_orphans(alive, parents)
        return parents

    def _parent(self, entity_id: str) -> str | None:
        if entity_id not in self.theirs:
            return self.ours[entity_id].parent
        if entity_id not in self.ours:
            return self.theirs[entity_id].parent
        ours, theirs = self.ours[entity_id].parent, self.theirs[entity_id].parent
        if ours == theirs:
            return ours
        if entity_id not in self.base and self._differ(self.ours[entity_id], self.theirs[entity_id]):
            return ours  # two things under one name: that is the question, and their place is part of it
        base = self.base[entity_id].parent if entity_id in self.base else None
        if theirs == base and not self._moved_within(entity_id, self.theirs):
            return ours
        if ours == base and not self._moved_within(entity_id, self.ours):
            return theirs
        self._place_conflict(entity_id)
        return ours

    def _moved_within(self, entity_id: str, side: PanelVersion) -> bool:
        """Whether a side gave an entity another place in the parent that the other side took it out of."""
        parent = side[entity_id].parent
        return entity_id not in kept_in_order(self.base.children[parent], side.children[parent])

    def _mend_orphans(self, alive: set[str], parents: dict[str, str | None]) -> None:
        """What was put into something that is gone stays where ours has it, and that stays too."""
        stack = [entity_id for entity_id, parent in parents.items() if parent is not None and parent not in alive]
        while stack:
            entity_id = stack.pop()
            parent = self.ours[entity_id].parent
            parents[entity_id] = parent
            if parent is not None and parent not in alive:
                name = parent.removeprefix(f"{self.panel}/")
                value = ConflictSide(value=self.ours.subtree(parent))
                self._conflict(
                    "removed",
                    parent,
                    f"'{name}' was removed there, and what was in it could not be put elsewhere.",
                    base=self._base_value(parent),
                    ours=value,
                    theirs=ConflictSide(removed=True),
                )
                alive.add(parent)
                parents[parent] = self.ours[parent].parent
                stack.append(parent)

    def _break_cycles(self, parents: dict[str, str | None]) -> bool:
        """Two moves that put each into the other: theirs is not made, and asked about. Returns whether there were."""
        found = False
        for start in sorted(parents):
            while cycle := _cycle(parents, start):
                found = True
                for entity_id in cycle:
                    if entity_id in self.ours and parents[entity_id] != self.ours[entity_id].parent:
                        parents[entity_id] = self.ours[entity_id].parent
                        self._place_conflict(entity_id)
                        break
        return found

    def _place_conflict(self, entity_id: str) -> None:
        name = entity_id.removeprefix(f"{self.panel}/")
        if any(one.entity == entity_id and one.kind == "place" for one in self.conflicts):
            return
        self._conflict(
            "place",
            entity_id,
            f"'{name}' was moved to different places.",
            base=self.base.place(entity_id) if entity_id in self.base else None,
            ours=ConflictSide(value=self.ours.place(entity_id)),
            theirs=ConflictSide(value=self.theirs.place(entity_id)),
        )

    def _ordered(self, merged: Mapping[str, Entity], parents: Mapping[str, str | None]) -> dict[str, Entity]:
        members: dict[str | None, set[str]] = {}
        for entity_id, parent in parents.items():
            members.setdefault(parent, set()).add(entity_id)
        entities: dict[str, Entity] = {}
        stack = sorted(members.get(None, ()))
        while stack:
            parent = stack.pop()
            entities.setdefault(parent, merged[parent])
            mine = members.get(parent, set())
            before, ours, theirs = (side.children.get(parent, []) for side in (self.base, self.ours, self.theirs))
            order, clashes = merge_sequence(before, ours, theirs, mine)
            for entity_id in sorted(clashes):
                self._place_conflict(entity_id)
            keys = self._keys(parent, order)
            for entity_id, key in zip(order, keys, strict=True):
                entities[entity_id] = merged[entity_id].model_copy(update={"order": key})
            stack += reversed(order)
        return parents_first(entities)

    def _keys(self, parent: str, order: list[str]) -> list[str]:
        for side in (self.ours, self.theirs):
            keys = [side[entity_id].order for entity_id in order if entity_id in side]
            if side.children.get(parent, []) == order and keys == sorted(set(keys)):
                return keys
        return spread("", None, len(order))

    # What it is like

    def _attributes(self, entity_id: str, parent: str | None) -> Entity:
        base = self.base[entity_id].attrs if entity_id in self.base else {}
        if entity_id not in self.theirs:
            return self.ours[entity_id].model_copy(update={"parent": parent})
        if entity_id not in self.ours:
            return self.theirs[entity_id].model_copy(update={"parent": parent})
        ours, theirs = self.ours[entity_id], self.theirs[entity_id]
        if entity_id not in self.base and self._differ(ours, theirs):
            self._twice(ours, theirs)
            return ours.model_copy(update={"parent": parent})
        attrs: dict[str, JsonValue] = {}
        for name in dict.fromkeys([*ours.attrs, *theirs.attrs]):
            holds = self._attribute(entity_id, name, base, ours.attrs, theirs.attrs)
            if name in holds:
                attrs[name] = holds[name]
        kind = theirs.type if attrs.get("tag") == theirs.attrs.get("tag") else ours.type
        return ours.model_copy(update={"parent": parent, "attrs": attrs, "type": kind})

    def _differ(self, ours: Entity, theirs: Entity) -> bool:
        names = {*ours.attrs, *theirs.attrs}
        return any(ours.attrs.get(name) != theirs.attrs.get(name) for name in names if not live(ours, name))

    def _twice(self, ours: Entity, theirs: Entity) -> None:
        name = ours.id.removeprefix(f"{self.panel}/")
        sides = [
            ConflictSide(value={**one.model_dump(mode="json", exclude={"order"}), "after": None})
            for one in (ours, theirs)
        ]
        message = f"Both made something new of the name '{name}'."
        self._conflict("inserted", ours.id, message, base=None, ours=sides[0], theirs=sides[1])

    def _attribute(
        self,
        entity_id: str,
        name: str,
        base: Mapping[str, JsonValue],
        ours: Mapping[str, JsonValue],
        theirs: Mapping[str, JsonValue],
    ) -> Mapping[str, JsonValue]:
        """Return the attributes of the side whose value of one of them holds."""
        old, mine, yours = ([side[name]] if name in side else [] for side in (base, ours, theirs))
        if yours in (mine, old):
            return ours
        if mine == old:
            return theirs
        if live(self.ours[entity_id], name) and mine and yours:
            return self._overrule(entity_id, name, ours, theirs)
        if name == "text" and all(value and isinstance(value[0], str) for value in (old, mine, yours)):
            text = merge_text(str(old[0]), str(mine[0]), str(yours[0]))
            if text is not None:
                return {name: text}
        sides = [ConflictSide(value=value[0]) if value else ConflictSide(removed=True) for value in (mine, yours)]
        short, plain = entity_id.removeprefix(f"{self.panel}/"), name.removeprefix("attr:")
        message = f"'{plain}' of '{short}' was changed on both sides."
        self._conflict(
            "attribute", entity_id, message, attr=name, base=old[0] if old else None, ours=sides[0], theirs=sides[1]
        )
        return ours

    def _overrule(
        self, entity_id: str, name: str, ours: Mapping[str, JsonValue], theirs: Mapping[str, JsonValue]
    ) -> Mapping[str, JsonValue]:
        if self.later(entity_id, name) == "theirs":
            self.overruled.append(Overruled(entity_id, name, ours[name], "ours"))
            return theirs
        self.overruled.append(Overruled(entity_id, name, theirs[name], "theirs"))
        return ours

    def _conflict(
        self,
        kind: str,
        entity: str,
        message: str,
        *,
        base: JsonValue,
        ours: ConflictSide,
        theirs: ConflictSide,
        attr: str | None = None,
    ) -> None:
        given = {"kind": kind, "entity": entity, "attr": attr, "message": message, "base": base}
        self.conflicts.append(
            Conflict.model_validate({"id": "", "panel": self.panel, **given, "ours": ours, "theirs": theirs})
        )


def _cycle(parents: Mapping[str, str | None], start: str) -> list[str]:
    """Return the cycle that the way up from an entity ends in, if it does."""
    path: dict[str, None] = {}
    at: str | None = start
    while at is not None and at not in path:
        path[at] = None
        at = parents.get(at)
    if at is None:
        return []
    steps = list(path)
    return steps[steps.index(at) :]
