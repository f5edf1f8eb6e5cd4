"""Ids that nobody wrote: found again in another version by what they stand for.

Elements without an id, pieces of text, and declarations without a name are counted by the parser (``text-2``,
``c.t1``, ``lifecycle.1``), so that their ids shift when one is added before them. Before versions are compared, those
of one version get the ids that the same things have in the other.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher

from nexus_jupyter.protocol.graph import Entity

__all__ = ["align", "counted"]

#: How alike two things in the same place must be to be the same, edited.
_ALIKE = 0.5


def counted(entity: Entity) -> bool:
    """Whether an entity's id was made by the parser, by counting."""
    if entity.attrs.get("generated"):
        return True
    tag, local = entity.attrs.get("tag"), entity.id.partition("/")[2]
    if entity.type == "Element" or not isinstance(tag, str) or not local.startswith(f"{tag}."):
        return False
    return tag == "uses" or "attr:name" not in entity.attrs


def align(base: Iterable[Entity], side: Iterable[Entity], taken: Collection[str] = ()) -> list[Entity]:
    """Return a version with its counted ids made those of the base where the same thing is meant.

    Parameters
    ----------
    base, side
        Entities of two versions of a panel, parents first and siblings in order.
    taken
        Ids that something new may not get.
    """
    before, after = list(base), list(side)
    names = _Names(before, after, taken)
    prints = _prints(before) | {f"\0{key}": value for key, value in _prints(after).items()}
    by_parent: dict[tuple[str | None, object], list[str]] = {}
    for entity in before:
        if counted(entity) and entity.id not in names.fixed:
            by_parent.setdefault((entity.parent, entity.attrs.get("tag")), []).append(entity.id)
    aligned: list[Entity] = []
    for siblings in _families(after):
        parent = names.of(siblings[0].parent)
        loose = [entity for entity in siblings if counted(entity)]
        for tag in dict.fromkeys(entity.attrs.get("tag") for entity in loose):
            free = by_parent.get((parent, tag), [])
            new = [entity.id for entity in loose if entity.attrs.get("tag") == tag]
            names.pair(_pairs([prints[item] for item in free], [prints[f"\0{item}"] for item in new]), free, new)
        for entity in loose:
            names.invent(entity, parent)
        aligned += [
            entity.model_copy(update={"id": names.of(entity.id), "parent": names.of(entity.parent)})
            for entity in siblings
        ]
    assert len({entity.id for entity in aligned}) == len(aligned), "an id was given twice"
    return _in_order(aligned)


class _Names:
    """The new id of each entity of a version."""

    def __init__(self, before: list[Entity], after: list[Entity], taken: Collection[str]) -> None:
        self.fixed = {entity.id for entity in after if not counted(entity)}
        self._taken = {*taken, *self.fixed, *(entity.id for entity in before)}
        self._new: dict[str, str] = {}

    def of(self, entity_id: str | None) -> str | None:
        return None if entity_id is None else self._new.get(entity_id, entity_id)

    def pair(self, pairs: list[tuple[int, int]], old: list[str], new: list[str]) -> None:
        for i, j in pairs:
            self._new[new[j]] = old[i]
            self._taken.add(old[i])

    def invent(self, entity: Entity, parent: str | None) -> None:
        """Give an entity that is new an id that nothing has."""
        if entity.id in self._new:
            return
        panel, _, local = entity.id.partition("/")
        tag = str(entity.attrs.get("tag"))
        piece = f"{(parent or '').partition('/')[2]}.t"
        stem = piece if tag == "#text" else f"{tag}." if local.startswith(f"{tag}.") else f"{tag}-"
        name, number = entity.id, 1
        while name in self._taken:
            name, number = f"{panel}/{stem}{number}", number + 1
        self._new[entity.id] = name
        self._taken.add(name)


def _families(entities: list[Entity]) -> list[list[Entity]]:
    """Return siblings together, parents before their children."""
    families: dict[str | None, list[Entity]] = {}
    for entity in entities:
        families.setdefault(entity.parent, []).append(entity)
    return list(families.values())


def _in_order(aligned: list[Entity]) -> list[Entity]:
    children: dict[str | None, list[Entity]] = {}
    for entity in aligned:
        children.setdefault(entity.parent, []).append(entity)
    order: list[Entity] = []
    stack = list(reversed(children.get(None, [])))
    while stack:
        entity = stack.pop()
        order.append(entity)
        stack.extend(reversed(children.get(entity.id, [])))
    return order


def _prints(entities: list[Entity]) -> dict[str, str]:
    """Return what each entity stands for, as text: its own content and that of what is in it, without counted ids."""
    texts: dict[str, list[str]] = {}
    for entity in reversed(entities):
        name = "" if counted(entity) else entity.id
        own = json.dumps([name, entity.type, entity.attrs], sort_keys=True, ensure_ascii=False)
        text = "".join([own, *reversed(texts.pop(entity.id, []))])
        texts.setdefault("\0" + entity.id, []).append(text)
        if entity.parent is not None:
            texts.setdefault(entity.parent, []).append(text)
    return {entity.id: texts["\0" + entity.id][0] for entity in entities}


def _pairs(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Return which of some siblings are which: the same ones in order, and between them those that are alike."""
    pairs: list[tuple[int, int]] = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pairs += zip(range(i1, i2), range(j1, j2), strict=True)
        elif kind == "replace":
            pairs += _alike(old, new, range(i1, i2), range(j1, j2))
    return pairs


def _alike(old: list[str], new: list[str], left: range, right: range) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    start = right.start
    for i in left:
        best = max(range(start, right.stop), key=lambda j: (_ratio(old[i], new[j]), -j), default=None)
        if best is not None and _ratio(old[i], new[best]) >= _ALIKE:
            pairs.append((i, best))
            start = best + 1
    return pairs


def _ratio(old: str, new: str) -> float:
    return SequenceMatcher(None, old, new, autojunk=False).ratio()
