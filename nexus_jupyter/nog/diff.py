"""What differs between two versions of a panel, in words: a pure function on entities by id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from nexus_jupyter.nog.align import align
from nexus_jupyter.nog.personal import is_personal
from nexus_jupyter.nog.siblings import kept_in_order
from nexus_jupyter.nog.version import PanelVersion, keyed, parents_first
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.versions import EntityChange

__all__ = ["diff", "headline"]

#: What follows from the rest, or is no part of a panel's meaning.
_DERIVED = frozenset({"nxml", "cell", "default", "generated"})
_SHOWN = 40
_WORD = re.compile(r"[\w.:/#+ -]+")


def diff(panel: str, old: Mapping[str, Entity] | None, new: Mapping[str, Entity] | None) -> list[EntityChange]:
    """Return the differences between two versions of a panel; ``None`` is a version in which there is no such panel.

    What was added or removed with something around it is counted there and not named itself.
    """
    if old is None or new is None:
        if old is new:
            return []
        kind, words = ("added", "new panel") if old is None else ("removed", "panel removed")
        return [
            EntityChange.model_validate(
                {"panel": panel, "kind": kind, "entity": panel, "type": "Panel", "words": words}
            )
        ]
    return list(_Diff(panel, old, new).changes())


def headline(change: EntityChange) -> str:
    """Return a difference as it is named in one line with others, such as a commit message."""
    return change.words.replace(": ", " ", 1) if change.kind == "changed" else change.words


class _Diff:
    def __init__(self, panel: str, old: Mapping[str, Entity], new: Mapping[str, Entity]) -> None:
        self.panel = panel
        before, after = _of_the_text(old), _of_the_text(new)
        self.new = PanelVersion.of(after, panel)
        self.old = PanelVersion.of(keyed(align(after.values(), before.values(), before.keys())), panel)
        self.renamed = self._renamed()
        if self.renamed:
            self.old = PanelVersion(
                {_name(self.renamed, i): _under(self.renamed, e) for i, e in self.old.entities.items()}
            )

    def changes(self) -> Iterator[EntityChange]:
        back = {new: old for old, new in self.renamed.items()}
        for entity in parents_first(self.new.entities).values():
            if entity.id in back:
                words = f"renamed {self._short(back[entity.id])} to {self._short(entity.id)}"
                yield self._change("renamed", entity, words, before=back[entity.id], after=entity.id)
            if entity.id not in self.old:
                yield from self._whole("added", entity, self.new, self.old)
            else:
                yield from self._attributes(self.old[entity.id], entity, renamed=entity.id in back)
        for entity in parents_first(self.old.entities).values():
            if entity.id not in self.new:
                yield from self._whole("removed", entity, self.old, self.new)
        yield from self._moves()

    def _renamed(self) -> dict[str, str]:
        """Return ids of the old version that are called something else in the new one, with the same content."""
        gone = {i: _content(self.old, i) for i in self.old.entities if i not in self.new}
        come: dict[str, list[str]] = {}
        for entity_id in self.new.entities:
            if entity_id not in self.old:
                come.setdefault(_content(self.new, entity_id), []).append(entity_id)
        found: dict[str, str] = {}
        for old, content in gone.items():
            candidates = come.get(content, [])
            if len(candidates) == 1 and list(gone.values()).count(content) == 1:
                found[old] = candidates[0]
        return found

    def _whole(self, kind: str, entity: Entity, side: PanelVersion, other: PanelVersion) -> Iterator[EntityChange]:
        if entity.parent is not None and entity.parent not in other and entity.parent in side:
            return
        inside = sum(str(one["id"]) not in other for one in side.subtree(entity.id) if isinstance(one, dict)) - 1
        more = f" ({inside} inside)" if inside else ""
        words = f"{'+' if kind == 'added' else '-'}{self._title(entity)}{more}"
        before, after = (None, entity.attrs) if kind == "added" else (entity.attrs, None)
        yield self._change(kind, entity, words, before=before, after=after)

    def _attributes(self, old: Entity, new: Entity, *, renamed: bool) -> Iterator[EntityChange]:
        for attr in dict.fromkeys([*old.attrs, *new.attrs]):
            before, after = old.attrs.get(attr), new.attrs.get(attr)
            hidden = attr in _DERIVED or is_personal(attr) or (renamed and attr == "attr:name")
            if before == after or hidden:
                continue
            plain = attr.removeprefix("attr:").removeprefix("xmlns:")
            what = f"{'code' if attr == 'text' and new.type in ('Action', 'Effect') else plain} {_words(before, after)}"
            words = what if new.id == self.panel else f"{self._short(new.id)}: {what}"
            yield self._change("changed", new, words, attr=attr, before=before, after=after)

    def _moves(self) -> Iterator[EntityChange]:
        for parent, children in self.new.children.items():
            if parent in (None, self.panel):
                continue
            common = [child for child in children if child in self.old and self.old[child].parent == parent]
            kept = kept_in_order(self.old.children.get(parent, []), common)
            for index, child in enumerate(children):
                if child not in self.old:
                    continue
                if self.old[child].parent != parent:
                    words = f"moved {self._short(child)} into {self._short(parent or '')}"
                elif child not in kept:
                    following = next((other for other in children[index + 1 :] if other in kept), None)
                    where = f"before {self._short(following)}" if following else "to the end"
                    words = f"moved {self._short(child)} {where}"
                else:
                    continue
                before, after = self.old.place(child), self.new.place(child)
                yield self._change("moved", self.new[child], words, before=before, after=after)

    def _short(self, entity_id: str) -> str:
        return entity_id.removeprefix(f"{self.panel}/")

    def _title(self, entity: Entity) -> str:
        tag, short = str(entity.attrs.get("tag", entity.type.lower())), self._short(entity.id)
        if tag == "#text":
            return f"text {_short(entity.attrs.get('text'))}"
        return (
            tag
            if short.startswith(f"{tag}-") and entity.attrs.get("generated")
            else f"{tag} {short.removeprefix(f'{tag}.')}"
        )

    def _change(
        self,
        kind: str,
        entity: Entity,
        words: str,
        *,
        attr: str | None = None,
        before: JsonValue = None,
        after: JsonValue = None,
    ) -> EntityChange:
        given = {"panel": self.panel, "kind": kind, "entity": entity.id, "type": entity.type, "attr": attr}
        return EntityChange.model_validate({**given, "before": before, "after": after, "words": words})


def _of_the_text(entities: Mapping[str, Entity]) -> dict[str, Entity]:
    return parents_first({key: one for key, one in entities.items() if one.type not in ("Conflict", "Column")})


def _name(renamed: Mapping[str, str], entity_id: str) -> str:
    """Return what an id of the old version is called in the new one."""
    return renamed.get(entity_id, entity_id)


def _under(renamed: Mapping[str, str], entity: Entity) -> Entity:
    parent = None if entity.parent is None else _name(renamed, entity.parent)
    return entity.model_copy(update={"id": _name(renamed, entity.id), "parent": parent})


def _content(side: PanelVersion, entity_id: str) -> str:
    entity = side[entity_id]
    attrs = {key: value for key, value in entity.attrs.items() if key not in _DERIVED | {"attr:name"}}
    return json.dumps([entity.type, entity.parent, attrs, side.children.get(entity_id, [])], sort_keys=True)


def _words(before: JsonValue, after: JsonValue) -> str:
    if isinstance(before, str) and isinstance(after, str) and ("\n" in before or "\n" in after):
        plus, minus = _lines(before, after)
        return f"changed (+{plus} -{minus} lines)"
    return f"{_short(before)} -> {_short(after)}"


def _lines(before: str, after: str) -> tuple[int, int]:
    plus = minus = 0
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, before.split("\n"), after.split("\n")).get_opcodes():
        if kind != "equal":
            minus += i2 - i1
            plus += j2 - j1
    return plus, minus


def _short(value: JsonValue) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) and _WORD.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
