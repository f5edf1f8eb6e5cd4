"""From a model's edits to ops of the patch language: ids of this one panel, and nothing else, can be named.

All that a model may not do by an edit is refused here by what it names: other panels, people's own values, shared
entities, live values. Whether the panel is sound afterwards is for the checker, as with anybody's edit.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nexus_jupyter.ai.answer import Unusable
from nexus_jupyter.ai.schema import Code, Insert, ModelEdit, Move, Remove, Replace, Set, Unset, Where
from nexus_jupyter.nog import Graph, is_personal
from nexus_jupyter.nog.panels import DECLARED, node_entities
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.panel import Build, Node
from nexus_jupyter.protocol.patch import CodeOp, InsertOp, MoveOp, Op, RemoveOp, ReplaceTextOp, SetOp, UnsetOp

__all__ = ["Edit", "edits_to_ops"]

Check = Callable[[str], Build]
_SECTIONS = ("view", "data", "logic", "doc")
_LOGIC = frozenset({"uses", "action", "effect", "lifecycle", "export", "tool", "resource"})
#: Attributes are named as in the text; ``text`` is what stands between the tags.
_ATTRIBUTE = re.compile(r"text|[A-Za-z][A-Za-z0-9]*(?:[:-][A-Za-z][A-Za-z0-9]*)*")
_ID = re.compile(r"[A-Za-z_][\w.-]*")
#: Names that stand for more than an attribute of the text.
_RESERVED = frozenset({"id", "tag", "nxml", "cell", "generated", "value"})
_FIRST_TAG = re.compile(r"<\s*([A-Za-z][\w:-]*)")
_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of an answer as the ops that carry it out: several, where what it inserts has something inside."""

    ops: list[Op]
    #: Ids of the panel's nodes that it brings.
    brings: list[str] = field(default_factory=list)


def edits_to_ops(graph: Graph, panel: str, edits: Sequence[ModelEdit], check: Check) -> list[Edit]:
    """Return the ops of each edit, with ids of the graph.

    Parameters
    ----------
    graph
        The graph that the model was shown.
    panel
        The panel that the edits are for; no other can be named.
    edits
        What the model answered.
    check
        Reads NXML.

    Raises
    ------
    Unusable
        If an edit names what is not there or not its to change; each error names the edit by its number.
    """
    reader = _Reader(graph, panel, check)
    made: list[Edit] = []
    errors: list[str] = []
    for number, edit in enumerate(edits, 1):
        try:
            made.append(reader.read(edit))
        except Unusable as error:
            errors += [f"Op {number} ({edit.op}): {said}" for said in error.errors]
    if errors:
        raise Unusable(errors)
    return made


class _Reader:
    def __init__(self, graph: Graph, panel: str, check: Check) -> None:
        self._panel = panel
        self._check = check
        self._known = {
            entity.id: entity for entity in graph.subtree(panel) if entity.type not in {"Column", "Conflict"}
        }
        self._sections = {f"{panel}/{name}" for name in _SECTIONS}

    def read(self, edit: ModelEdit) -> Edit:
        match edit:
            case Set():
                target = self._find(edit.id)
                name = _attribute(target, edit.attr)
                self._note(target, name, _sized(edit.value))
                return Edit([SetOp(id=target.id, attrs={name: edit.value})])
            case Unset():
                target = self._find(edit.id)
                name = _attribute(target, edit.attr)
                if name not in target.attrs:
                    raise Unusable([f"'{edit.id}' has no attribute '{edit.attr}'."])
                return Edit([UnsetOp(id=target.id, names=[name])])
            case Insert():
                return self._insert(edit)
            case Remove():
                target = self._node(edit.id)
                for entity_id in [one for one in self._known if one == target.id or self._inside(one, target.id)]:
                    del self._known[entity_id]
                return Edit([RemoveOp(id=target.id)])
            case Move():
                target = self._node(edit.id)
                place = self._place(edit.where, edit.at)
                if place["parent"] == target.id or self._inside(place["parent"] or "", target.id):
                    raise Unusable([f"'{edit.id}' cannot be put into itself."])
                self._known[target.id] = target.model_copy(update={"parent": place["parent"]})
                return Edit([MoveOp.model_validate({"id": target.id, **place})])
            case Replace():
                target = self._find(edit.id)
                return Edit([self._replace(target, edit)])
            case Code():
                target = self._find(edit.id)
                if target.type not in {"Action", "Effect"}:
                    raise Unusable([f"'{edit.id}' is no action or effect, so it has no code."])
                self._note(target, "text", edit.text)
                return Edit([CodeOp(id=target.id, text=_sized(edit.text))])

    def _replace(self, target: Entity, edit: Replace) -> ReplaceTextOp:
        """Replace in the text or code, or in the one attribute that holds what is to be replaced."""
        texts = {
            name: value
            for name, value in target.attrs.items()
            if isinstance(value, str) and (name == "text" or name.startswith("attr:"))
        }
        holding = [name for name, value in texts.items() if edit.old and edit.old in value]
        attr = "text" if "text" in holding or not holding else holding[0]
        if len(holding) > 1 and attr != "text":
            raise Unusable([f"Several attributes of '{edit.id}' hold {edit.old!r}: use set."])
        if not holding or texts[attr].count(edit.old) != 1:
            often = texts[attr].count(edit.old) if holding else 0
            raise Unusable([f"{edit.old!r} is {often} times in '{edit.id}'; it must be there exactly once."])
        _changeable(target, attr.removeprefix("attr:"))
        self._note(target, attr, texts[attr].replace(edit.old, edit.new))
        return ReplaceTextOp(id=target.id, attr=attr, old=edit.old, new=_sized(edit.new))

    def _note(self, target: Entity, name: str, value: str) -> None:
        """Remember what an edit changes, since later ones build on it."""
        self._known[target.id] = target.model_copy(update={"attrs": {**target.attrs, name: value}})

    def _find(self, local: str) -> Entity:
        """Return what has an id in the panel, the panel itself included."""
        if local == self._panel:
            own = f"{self._panel}/{local}"
            return self._known.get(own) or self._known[self._panel]
        found = self._known.get(f"{self._panel}/{local}") if _ID.fullmatch(local) else None
        if found is None:
            names = [one.removeprefix(f"{self._panel}/") for one in self._known]
            near = difflib.get_close_matches(local, names, 2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise Unusable([f"The panel has nothing with the id {local[:80]!r}.{hint}"])
        return found

    def _node(self, local: str) -> Entity:
        found = self._find(local)
        if found.parent is None or found.id in self._sections or found.id == self._panel:
            raise Unusable([f"'{local}' is the panel or a section of it, and stays."])
        return found

    def _place(self, where: Where, at: str) -> dict[str, str | None]:
        if where == "into":
            if at in _SECTIONS:
                return {"parent": f"{self._panel}/{at}", "before": None, "after": None}
            return {"parent": self._find(at).id, "before": None, "after": None}
        anchor = self._node(at)
        return {
            "parent": anchor.parent,
            "before": anchor.id if where == "before" else None,
            "after": anchor.id if where == "after" else None,
        }

    def _inside(self, entity_id: str, of: str) -> bool:
        at = self._known.get(entity_id)
        while at is not None and at.parent is not None:
            if at.parent == of:
                return True
            at = self._known.get(at.parent)
        return False

    def _insert(self, edit: Insert) -> Edit:
        place = self._place(edit.where, edit.at)
        section, nodes = self._parsed(_sized(edit.nxml))
        parent, before, after = str(place["parent"]), place["before"], place["after"]
        if parent == self._panel or (parent in self._sections and parent != f"{self._panel}/{section}"):
            # A declaration has its section; a model that named another one can only have meant this.
            parent, before, after = f"{self._panel}/{section}", None, None
        ops: list[Op] = []
        made: list[Entity] = []
        for node in nodes:
            own = list(node_entities([self._renamed(node)], parent, self._panel, in_view=section == "view"))
            for position, entity in enumerate(own):
                if entity.id in self._known or entity.id in self._sections or entity.id == self._panel:
                    raise Unusable([f"There is something with the id '{self._short(entity.id)}' already."])
                if not _ID.fullmatch(self._short(entity.id)):
                    raise Unusable([f"'{self._short(entity.id)[:80]}' is no id."])
                self._known[entity.id] = entity
                # A section is named by its name alone: one that is not there yet is made.
                placed = entity.model_copy(update={"parent": section}) if entity.parent in self._sections else entity
                sides = {"before": before, "after": after} if position == 0 else {}
                ops.append(InsertOp.model_validate({"entity": placed, **sides}))
            made += own
            if after is not None:
                after = own[0].id
        return Edit(ops, [self._short(entity.id) for entity in made])

    def _short(self, entity_id: str) -> str:
        return entity_id.removeprefix(f"{self._panel}/")

    def _renamed(self, node: Node) -> Node:
        """Return a node whose generated ids are no other's in the panel."""
        taken = {self._short(entity_id) for entity_id in self._known}

        def free(one: Node, parent: str) -> Node:
            name = one.id
            if one.tag.startswith("#"):  # a piece of text is named by what it stands in
                name = f"{parent}.{one.id.rpartition('.')[2]}"
            elif one.generated_id:
                stem, number = one.id.rpartition("-")[0] or one.id, 1
                while name in taken:
                    number += 1
                    name = f"{stem}-{number}"
            taken.add(name)
            return one.model_copy(update={"id": name, "children": [free(child, name) for child in one.children]})

        return free(node, "")

    def _parsed(self, nxml: str) -> tuple[str, list[Node]]:
        """Return the section that a fragment belongs to, and its nodes."""
        first = _FIRST_TAG.search(nxml)
        if first is None:
            raise Unusable(["nxml needs an element."])
        section = "logic" if first[1] in _LOGIC else "data" if first[1] in DECLARED else "view"
        text = f'<panel id="p"><{section}>{nxml}</{section}></panel>'
        build = self._check(text)
        broken = [one.message for one in build.diagnostics if one.severity == "error" and _unreadable(one.code)]
        if broken:
            raise Unusable([f"nxml cannot be read: {said}" for said in broken[:3]])
        found = [node for one in build.sections for node in one.children]
        # What closes the section and goes on behind it is not in one section that reaches to the end.
        whole = len(build.sections) == 1 and build.sections[0].span.end == _units(text) - len("</panel>")
        if not whole or build.id != "p" or not found or any(node.tag.startswith("#") for node in found):
            raise Unusable(["nxml may hold elements, or declarations of one section, and nothing around them."])
        return section, found


def _attribute(target: Entity, name: str) -> str:
    """Return an attribute's name in the graph."""
    if not _ATTRIBUTE.fullmatch(name):
        raise Unusable([f"{name[:40]!r} is no name of an attribute."])
    _changeable(target, name)
    if name == "text":
        return name
    return name if target.type == "Panel" else f"attr:{name}"


def _changeable(target: Entity, name: str) -> None:
    if target.type == "Panel":
        if name != "title":
            raise Unusable([f"Of the panel itself only the title can be set, not '{name}'."])
        return
    if name == "value" and target.type == "State":
        raise Unusable(["A state's value belongs to the people who use the panel; its default can be set."])
    if name in _RESERVED - {"value"} or is_personal(name) or name.startswith(("attr:", "xmlns")):
        raise Unusable([f"'{name}' cannot be set: remove the element and insert another."])


def _unreadable(code: str) -> bool:
    """Tell whether a finding says that a text is not what it seems: broken, or with ids that are none."""
    return code < "NX2" or code in {"NX2001", "NX2003", "NX2011", "NX2016"}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _sized(text: str) -> str:
    if len(text) > _LONGEST:
        raise Unusable([f"A text of {len(text)} characters is too long; {_LONGEST} are allowed."])
    return text
