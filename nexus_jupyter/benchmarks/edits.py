"""Pairs of concurrent edits of one panel, drawn by chance: what two people do to it at the same time.

The panel has 25 components in three rows, and three actions. Each person makes three edits; what was really touched is
noted beside them, so that every conflict of a merge can be judged without trusting the merge.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from nexus_jupyter.nog import Graph, apply, difference, entities, tree
from nexus_jupyter.protocol.conflict import Conflict
from nexus_jupyter.protocol.errors import PatchError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import InsertOp, MoveOp, Op, RemoveOp, SetOp
from nexus_jupyter.reactor import Reactor

__all__ = ["Pair", "Side", "pairs", "true_conflict"]

_EDITS = 3
#: How often people do what, in percent: mostly they change and add, seldom they remove, and then a component.
_OFTEN = {"set": 26, "text": 12, "action": 12, "insert": 30, "remove": 12, "move": 8}
_NOTE = "First line of {0}\n\nSecond line of {0}, which is longer\n\nThird line of {0}\n\nLast line of {0}"
_BODY = """const before = state.count;
const step = {0};
let sum = 0;
for (let i = 0; i < step; i += 1) sum += i;
nx.log("sum of {0}", sum);
state.count = before + sum;
return state.count;"""
_NAMES = [f"new{i}" for i in range(60)]


@dataclass(frozen=True, slots=True)
class Touch:
    """One edit: what was done to which thing. ``attr`` is the attribute; ``place`` is where something was put."""

    kind: str
    entity: str
    attr: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One person's version: the text, and what they touched."""

    nxml: str
    touches: list[Touch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions of one panel, and the graph of what both started from."""

    graph: Graph
    base: str
    ours: Side
    theirs: Side


def pairs(count: int, reactor: Reactor, *, seed: int) -> Iterator[Pair]:
    """Yield pairs of concurrent edits, always the same ones for a seed."""
    dice = random.Random(seed)
    base = reactor.format(_panel())
    build = reactor.check(base)
    assert build.ok, build.diagnostics
    graph = apply(Graph(), difference(Graph(), entities(build)), rev=1).graph
    for _ in range(count):
        yield Pair(graph, base, _side(graph, reactor, dice), _side(graph, reactor, dice))


def true_conflict(pair: Pair, conflict: Conflict) -> bool:
    """Whether both people really touched what a conflict is about, in ways that exclude each other."""
    ours, theirs = pair.ours.touches, pair.theirs.touches
    if conflict.kind == "attribute":
        wanted = (conflict.entity, conflict.attr)
        return all(any((t.entity, t.attr) == wanted for t in side) for side in (ours, theirs))
    if conflict.kind == "inserted":
        return all(any(t.kind == "insert" and t.entity == conflict.entity for t in side) for side in (ours, theirs))
    if conflict.kind == "place":
        put = [any(t.kind == "insert" and t.entity == conflict.entity for t in side) for side in (ours, theirs)]
        return all(put) or all(any(t.kind == "move" for t in side) for side in (ours, theirs))
    if conflict.kind == "removed":
        inside = {entity.id for entity in pair.graph.subtree(conflict.entity)}
        removed, kept = (theirs, ours) if conflict.theirs.removed else (ours, theirs)
        taken = any(t.kind == "remove" and conflict.entity in _inside(pair.graph, t.entity) for t in removed)
        return taken and any(t.entity in inside or t.parent in inside for t in kept if t.kind != "remove")
    return False


def _inside(graph: Graph, entity_id: str) -> set[str]:
    return {entity.id for entity in graph.subtree(entity_id)} if entity_id in graph else set()


def _panel() -> str:
    rows = []
    for row in range(3):
        items = [
            f'<metric id="m{row}" label="Metric {row}" value="{{count + {row}}}"/>',
            f'<text id="t{row}" size="m">Text number {row}: {{count}}</text>',
            f'<button id="b{row}" label="Button {row}" kind="primary" on:press="act{row}()"/>',
            f'<slider id="s{row}" label="Slider {row}" bind:value="count" min="0" max="100"/>',
            f'<note id="n{row}" kind="info">Note number {row}</note>',
            f'<markdown id="d{row}">{_NOTE.format(row)}</markdown>',
            f'<badge id="g{row}" kind="info">Badge {row}</badge>',
            f'<progress id="p{row}" label="Progress {row}" value="{{count / {row + 2}}}"/>',
        ]
        if row == 0:
            items.append('<text id="last" muted="true">The last one</text>')
        rows.append(f'<row id="r{row}">{"".join(items)}</row>')
    actions = "".join(f'<action name="act{row}">{_BODY.format(row + 2)}</action>' for row in range(3))
    data = '<data><state name="count" type="int" default="0"/></data>'
    view = f'<view><column id="c">{"".join(rows)}</column></view>'
    return f'<panel id="p" title="P">{view}{data}<logic>{actions}</logic></panel>'


def _side(graph: Graph, reactor: Reactor, dice: random.Random) -> Side:
    """Make three edits, all of which take effect and leave the panel without errors."""
    while True:
        draft, touches = graph, list[Touch]()
        while len(touches) < _EDITS:
            op, touch = _edit(draft, dice)
            try:
                draft = apply(draft, [op], rev=2).graph
            except PatchError:
                continue
            touches.append(touch)
        nxml, build = reactor.assemble(tree(draft, "p"))
        if build.ok:
            return Side(nxml, touches)


def _edit(graph: Graph, dice: random.Random) -> tuple[Op, Touch]:
    view = [entity for entity in graph.subtree("p/c") if entity.id != "p/c"]
    boxes = ["p/c", *(entity.id for entity in view if entity.attrs["tag"] == "row")]
    kind = dice.choices(list(_OFTEN), list(_OFTEN.values()))[0]
    if kind == "insert":
        parent = dice.choice(boxes)
        after = dice.choice(graph.record(parent).children or (None,))
        name = f"p/{dice.choice(_NAMES)}"
        attrs = {"tag": "text", "text": f"New {dice.random():.3f}"}
        entity = Entity.model_validate({"id": name, "type": "Element", "parent": parent, "attrs": attrs})
        return InsertOp(entity=entity, after=after), Touch("insert", name, parent=parent)
    if kind == "action":
        action = f"p/action.act{dice.randrange(3)}"
        return _line(graph.entity(action), dice)
    if kind == "text":
        return _line(dice.choice([entity for entity in view if "text" in entity.attrs]), dice)
    entity = dice.choice(view)
    if kind == "remove":
        entity = dice.choice([entity for entity in view if entity.id not in boxes])
        return RemoveOp(id=entity.id), Touch("remove", entity.id)
    if kind == "set":
        attr, value = dice.choice(_attributes(entity, dice))
        return SetOp(id=entity.id, attrs={attr: value}), Touch("set", entity.id, attr)
    parent = dice.choice(boxes)
    after = dice.choice([child for child in graph.record(parent).children if child != entity.id] or [None])
    return MoveOp(id=entity.id, parent=parent, after=after), Touch("move", entity.id, parent=parent)


def _attributes(entity: Entity, dice: random.Random) -> list[tuple[str, str]]:
    word = f"Word {dice.random():.3f}"
    own = {
        "metric": [("attr:label", word), ("attr:value", f"{{count * {dice.randrange(2, 90)}}}")],
        "button": [("attr:label", word), ("attr:disabled", f"count == {dice.randrange(90)}")],
        "slider": [("attr:label", word), ("attr:max", str(dice.randrange(101, 900)))],
        "note": [("attr:kind", dice.choice(["warning", "success", "error"]))],
        "text": [("attr:size", dice.choice(["s", "l", "xl"])), ("attr:muted", "true")],
    }
    shared = [("attr:if", f"count != {dice.randrange(1000)}"), ("attr:span", str(dice.randrange(1, 12)))]
    return [*own.get(str(entity.attrs["tag"]), []), *shared]


def _line(entity: Entity, dice: random.Random) -> tuple[Op, Touch]:
    """Change one line of a text, as an author does."""
    lines = str(entity.attrs["text"]).split("\n")
    at = dice.choice([number for number, line in enumerate(lines) if line])
    comment = f" // {dice.random():.3f}" if entity.type == "Action" else f" {dice.random():.3f}"
    lines[at] += comment
    return SetOp(id=entity.id, attrs={"text": "\n".join(lines)}), Touch("text", entity.id, "text")
