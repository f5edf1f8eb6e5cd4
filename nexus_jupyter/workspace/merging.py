"""Merging a panel's version from elsewhere into the live graph.

Each side is a text with the values of its states. The reactor turns the texts into entities, which are merged by id;
the result is put together as a text again and checked. Where each side is well by itself but the two together have
errors, ours stays, and theirs is kept as a whole in a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nexus_jupyter.nog import Graph, apply, entities, tree
from nexus_jupyter.nog.align import align
from nexus_jupyter.nog.merge import Merged, Overruled, merge
from nexus_jupyter.nog.version import keyed
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.conflict import Conflict, ConflictSide, Pick
from nexus_jupyter.protocol.errors import HistoryError, PatchError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import InsertOp, Op, RemoveOp
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.conflicts import conflict_entity, new_conflicts, open_conflicts, refuse
from nexus_jupyter.workspace.panels import panel_view, refuse_errors, state_id
from nexus_jupyter.workspace.replacement import replacement
from nexus_jupyter.workspace.versions import PanelText, conflict_ops

__all__ = ["Authors", "PanelMerge", "merge_panel", "merge_texts"]

Who = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Authors:
    """Who made the two sides, and when; for the conflicts' tables, and for which value is the later one.

    ``ours`` is asked for an entity and an attribute of the graph; ``theirs`` is one person at one moment.
    """

    ours: Callable[[str, str], Who] = lambda _entity, _attr: ("", None)
    theirs: Who = ("", None)

    def later(self, entity: str, attr: str) -> Pick:
        """Say whose value of an attribute is the later one; theirs when that is not known."""
        mine, yours = self.ours(entity, attr)[1], self.theirs[1]
        return "ours" if mine is not None and yours is not None and mine > yours else "theirs"


@dataclass(frozen=True, slots=True)
class PanelMerge:
    """What a merge of one panel changes: ops, the questions among them, and the values that gave way."""

    ops: list[Op] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    overruled: list[Overruled] = field(default_factory=list)


def merge_panel(
    graph: Graph,
    reactor: Reactor,
    panel: str,
    *,
    base: PanelText | None,
    theirs: PanelText | None,
    authors: Authors,
    values: bool = True,
) -> PanelMerge:
    """Merge a version of a panel into the graph.

    Parameters
    ----------
    graph
        The live graph; what it has is ours.
    reactor
        Reads and prints the texts.
    panel
        The panel's name.
    base
        The version that both come from; ``None`` when neither had the panel then.
    theirs
        The version to merge; ``None`` when it has no such panel.
    authors
        Who made what.
    values
        Whether the versions hold values of states; else those of the graph stay.
    """
    ours = None
    if panel in graph:
        view = panel_view(graph, panel)
        ours = PanelText(view.nxml, view.state)
    sides = _Sides(graph, reactor, panel, base, ours, theirs, authors, values)
    if ours is None:
        return _into_nothing(sides, theirs)
    if theirs is None:
        return _removed_there(sides, ours)
    questions = _questions(graph, panel, base, theirs)
    if base is not None and _same(reactor, base, theirs):
        return PanelMerge(questions)
    return _three_ways(sides, ours, theirs, questions)


def merge_texts(reactor: Reactor, panel: str, base: str | None, ours: str, theirs: str) -> tuple[str, list[Conflict]]:
    """Merge texts of a panel outside of any workspace; ours holds where the two exclude each other.

    Raises
    ------
    NXMLError
        If a text has errors.
    PatchError
        If each is well by itself, but the two together are not.
    """
    texts = [PanelText(text) for text in (ours, theirs)]
    for text in texts:
        refuse_errors(panel, reactor.check(text.nxml))
    before = None if base is None else PanelText(base)
    sides = _Sides(Graph(), reactor, panel, before, texts[0], texts[1], Authors(), values=False)
    merged, aligned = _merge(sides, texts[0], texts[1])
    nxml, build = _assembled(sides, merged, {ours: aligned[0], theirs: aligned[1]})
    refuse(build)
    return reactor.format(nxml), merged.conflicts


@dataclass(frozen=True, slots=True)
class _Sides:
    graph: Graph
    reactor: Reactor
    panel: str
    base: PanelText | None
    ours: PanelText | None
    theirs: PanelText | None
    authors: Authors
    values: bool

    def ask(self, ops: list[Op], conflict: Conflict) -> PanelMerge:
        """Return a merge that ends in one question about the whole panel."""
        draft = apply(self.graph, ops, rev=0).graph
        asked = list(new_conflicts(open_conflicts(draft, self.panel), [conflict]))
        return PanelMerge([*ops, *_inserts(asked)], asked)

    def question(self, kind: Literal["removed", "panel"], message: str) -> Conflict:
        """Return the question about the whole panel, with both sides' texts."""
        by, ts = self.authors.ours(self.panel, "nxml")
        return Conflict(
            id="",
            panel=self.panel,
            kind=kind,
            entity=self.panel,
            message=message,
            base=self.base.nxml if self.base else None,
            ours=_side(self.ours, by, ts),
            theirs=_side(self.theirs, *self.authors.theirs),
        )


def _side(text: PanelText | None, by: str, ts: int | None) -> ConflictSide:
    return ConflictSide(value=text.nxml if text else None, removed=text is None, by=by, ts=ts)


def _same(reactor: Reactor, one: PanelText, other: PanelText) -> bool:
    if one.values != other.values:
        return False
    return one.nxml == other.nxml or reactor.format(one.nxml) == reactor.format(other.nxml)


def _into_nothing(sides: _Sides, theirs: PanelText | None) -> PanelMerge:
    """Merge a panel that there is not here: it is new, or was deleted here."""
    base, panel = sides.base, sides.panel
    if theirs is None or (base is not None and _same(sides.reactor, base, theirs)):
        return PanelMerge()
    build = sides.reactor.check(theirs.nxml)
    if not build.ok or build.id != panel:
        raise HistoryError(
            f"The panel '{panel}' of that version has errors, so it cannot come here.",
            hint=f"Mend panels/{panel}.nxml there: nexus check says what is wrong.",
        )
    ops = replacement(sides.graph, build, theirs.nxml, theirs.values)
    ops += conflict_ops(sides.graph, panel, theirs.conflicts)
    if base is None:
        return PanelMerge(ops)
    # A question needs a panel to be asked in, so this one comes back until it is answered.
    return sides.ask(ops, sides.question("removed", f"The panel '{panel}' was deleted here and edited there."))


def _removed_there(sides: _Sides, ours: PanelText) -> PanelMerge:
    if sides.base is None:
        return PanelMerge()
    if _same(sides.reactor, sides.base, ours):
        return PanelMerge([RemoveOp(id=sides.panel)])
    return sides.ask([], sides.question("removed", f"The panel '{sides.panel}' was edited here and deleted there."))


def _questions(graph: Graph, panel: str, base: PanelText | None, theirs: PanelText) -> list[Op]:
    """Return the ops for questions that the other side asked, or answered, since."""
    held = {_asked(entity): entity for entity in graph.children(panel) if entity.type == "Conflict"}
    before = {_asked(entity) for entity in base.conflicts} if base else set()
    now = {_asked(entity): entity for entity in theirs.conflicts}
    ops: list[Op] = [RemoveOp(id=held[asked].id) for asked in sorted(before - now.keys()) if asked in held]
    taken = {entity.id for entity in held.values()}
    for asked, entity in now.items():
        if asked in before or asked in held:
            continue
        number = 1
        while f"{panel}/conflict.{number}" in taken:
            number += 1
        name = entity.id if entity.id not in taken else f"{panel}/conflict.{number}"
        taken.add(name)
        ops.append(InsertOp(entity=entity.model_copy(update={"id": name, "order": ""})))
    return ops


def _asked(entity: Entity) -> str:
    return entity.model_copy(update={"id": "", "order": ""}).model_dump_json()


def _three_ways(sides: _Sides, ours: PanelText, theirs: PanelText, questions: list[Op]) -> PanelMerge:
    graph, panel = sides.graph, sides.panel
    yours = sides.reactor.check(theirs.nxml)
    if not yours.ok or yours.id != panel:
        return sides.ask(questions, sides.question("panel", "Their text of the panel has errors."))
    merged, aligned = _merge(sides, ours, theirs)
    try:
        nxml, build = _assembled(sides, merged, {ours.nxml: aligned[0], theirs.nxml: aligned[1]})
        refuse(build)
    except PatchError as error:
        message = f"Each is well by itself, but not the two together. {error.message}"
        return sides.ask(questions, sides.question("panel", message))
    prefix = state_id(panel, "")
    values = {
        entity.id.removeprefix(prefix): entity.attrs["value"]
        for entity in merged.entities.values()
        if entity.type == "State" and "value" in entity.attrs
    }
    draft = apply(graph, questions, rev=0).graph
    ops = [*questions, *replacement(draft, build, nxml, values if sides.values else None)]
    named = _renamed(merged, build)
    found = [_signed(_with_ids(one, named), sides.authors) for one in merged.conflicts]
    asked = list(new_conflicts(open_conflicts(draft, panel), found))
    return PanelMerge([*ops, *_inserts(asked)], asked, merged.overruled)


def _merge(sides: _Sides, ours: PanelText, theirs: PanelText) -> tuple[Merged, list[dict[str, Entity]]]:
    mine, yours = _entities(sides, ours), _entities(sides, theirs)
    if sides.base is None:
        before: list[Entity] = []
        yours = align(mine, yours)
    else:
        before = _entities(sides, sides.base)
        mine = align(before, mine)
        yours = align(before, yours, {entity.id for entity in mine})
    base, left, right = keyed(before), keyed(mine), keyed(yours)
    return merge(base, left, right, panel=sides.panel, later=sides.authors.later), [left, right]


def _entities(sides: _Sides, text: PanelText) -> list[Entity]:
    """Return what a text stands for, with the values of its states; columns follow from their frames."""
    found: list[Entity] = []
    for entity in entities(sides.reactor.check(text.nxml)).own:
        name = entity.id.removeprefix(state_id(sides.panel, ""))
        if entity.type == "State" and sides.values and name in text.values:
            found.append(entity.model_copy(update={"attrs": {**entity.attrs, "value": text.values[name]}}))
        elif entity.type != "Column":
            found.append(entity)
    return found


def _assembled(sides: _Sides, merged: Merged, texts: Mapping[str, Mapping[str, Entity]]) -> tuple[str, Build]:
    """Return the merged panel's text; where it is one side's, as that side wrote it."""
    for text, found in texts.items():
        if _shape(merged.entities, sides.panel) == _shape(found, sides.panel):
            return text, sides.reactor.check(text)
    draft = apply(Graph(), [InsertOp(entity=entity) for entity in merged.entities.values()], rev=0).graph
    return sides.reactor.assemble(tree(draft, sides.panel))


def _shape(found: Mapping[str, Entity], panel: str) -> object:
    """Return what the text says: without values, and without sections that hold nothing."""
    children: dict[str | None, list[str]] = {}
    attrs: dict[str, dict[str, JsonValue]] = {}
    for entity in sorted(found.values(), key=lambda entity: (entity.order, entity.id)):
        attrs[entity.id] = {key: value for key, value in entity.attrs.items() if key != "value"}
        children.setdefault(entity.parent, []).append(entity.id)
    empty = [i for i in children.pop(panel, []) if i not in children and attrs[i].keys() == {"tag"}]
    return {key: value for key, value in attrs.items() if key not in empty}, children


def _renamed(merged: Merged, build: Build) -> dict[str, str]:
    """Return what the merged things are called in the text: ids that nobody wrote are counted anew."""
    sections = ("view", "data", "logic", "doc")
    order = {f"{build.id}/{name}": index for index, name in enumerate(sections)}
    tops = [entity for entity in merged.entities.values() if entity.id in order]
    children: dict[str | None, list[str]] = {}
    for entity in merged.entities.values():
        children.setdefault(entity.parent, []).append(entity.id)
    before: list[str] = []
    stack = [top.id for top in sorted(tops, key=lambda top: -order[top.id])]
    while stack:
        entity_id = stack.pop()
        if entity_id not in order:
            before.append(entity_id)
        stack += reversed(children.get(entity_id, []))
    after = [entity.id for entity in entities(build).own if entity.type not in ("Column", "Panel")]
    after = [entity_id for entity_id in after if entity_id not in order]
    return dict(zip(before, after, strict=True)) if len(before) == len(after) else {}


def _with_ids(conflict: Conflict, named: Mapping[str, str]) -> Conflict:
    def again(value: JsonValue) -> JsonValue:
        if isinstance(value, list):
            return [again(one) for one in value]
        if isinstance(value, dict):
            ids = ("id", "parent", "after")
            return {key: named.get(str(one), one) if key in ids else one for key, one in value.items()}
        return value

    if conflict.kind == "attribute":
        return conflict.model_copy(update={"entity": named.get(conflict.entity, conflict.entity)})
    sides = {
        name: side.model_copy(update={"value": again(side.value)})
        for name, side in (("ours", conflict.ours), ("theirs", conflict.theirs))
    }
    return conflict.model_copy(update={"entity": named.get(conflict.entity, conflict.entity), **sides})


def _signed(conflict: Conflict, authors: Authors) -> Conflict:
    by, ts = authors.ours(conflict.entity, conflict.attr or "@place")
    ours = conflict.ours.model_copy(update={"by": by, "ts": ts})
    theirs = conflict.theirs.model_copy(update={"by": authors.theirs[0], "ts": authors.theirs[1]})
    return conflict.model_copy(update={"ours": ours, "theirs": theirs})


def _inserts(asked: list[Conflict]) -> list[Op]:
    return [InsertOp(entity=conflict_entity(one)) for one in asked]
