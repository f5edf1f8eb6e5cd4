"""The object graph: questions and patches, beside plain networkx doing the same in the same run.

The collector of garbage is told to leave the finished graphs alone, for both: its passes over a hundred thousand
records would be what is measured.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import TYPE_CHECKING

from nexus_jupyter.benchmarks.measure import Row, measured
from nexus_jupyter.nog import Graph, apply, match, neighbourhood, reach
from nexus_jupyter.protocol.errors import UnavailableError
from nexus_jupyter.protocol.graph import Entity, EntityType, Relation
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, MoveOp, Op, SetOp
from nexus_jupyter.protocol.query import DEEPEST, WIDEST

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["nog"]

_PER_PANEL = 50
_TYPED: tuple[Relation, ...] = ("contains", "reads", "writes", "binds", "derivedFrom")
_BUDGET = 50
#: Share of relations that stay in their panel, and of attention that is passed on.
_AT_HOME, _PASSED_ON = 0.9, 0.6
#: Types of the entities of a panel, in turn, and the relations that may go from each to which.
_TYPES: tuple[EntityType, ...] = ("Element", "State", "Element", "Computed", "Query", "Element", "Action")
_ENDS: dict[EntityType, tuple[tuple[Relation, EntityType], ...]] = {
    "Element": (("binds", "State"), ("shows", "Computed"), ("reads", "State"), ("triggers", "Action")),
    "State": (),
    "Computed": (("derivedFrom", "State"), ("derivedFrom", "Query")),
    "Query": (("reads", "State"), ("derivedFrom", "Query")),
    "Action": (("reads", "State"), ("writes", "State")),
}


def nog() -> list[Row]:
    """Time a model's context, a wide neighbourhood, a pattern and a patch."""
    rows = _small()
    rows += _large()
    gc.unfreeze()
    gc.collect()
    return rows


def _small() -> list[Row]:
    graph = workspace_graph(5_000, 15_000)
    other = _networkx(graph)
    _settle()
    starts = _starts(graph)
    again = _starts(graph)
    first, second = "context query, 5k / 15k, networkx", "pattern of two steps, 5k / 15k, networkx"
    third, fourth = "five-op change in place, unchecked, networkx", "the same, with a copy to go back to, networkx"
    return [
        measured(first, lambda: _context(other, next(again)), count=60),
        measured(
            "context query, 5k / 15k",
            lambda: neighbourhood(graph, [next(starts)], _BUDGET),
            count=1000,
            peer=first,
            target="P95 0.5",
        ),
        measured(second, lambda: _pattern(other), count=60),
        measured(
            "pattern of two steps, 5k / 15k",
            lambda: match(graph, "Query").out("reads", "State").into("binds", "Element").limit(100).entities,
            count=300,
            peer=second,
        ),
        measured(third, _change(other), count=1000),
        measured(fourth, other.copy, count=5, warm_up=1),
        measured("insert among 10k siblings, checked", _insert_among(10_000), count=300),
        measured("five-op patch, checked, with its inverse", _patch(graph), count=1000, peer=fourth, target="0.3"),
    ]


def _large() -> list[Row]:
    graph = workspace_graph(100_000, 300_000)
    other = _networkx(graph)
    _settle()
    starts, again = _starts(graph), _starts(graph)
    peer = "typed neighbourhood, depth 10, 100k / 300k, networkx"
    return [
        measured(peer, lambda: _reach(other, next(again)), count=60),
        measured(
            "typed neighbourhood, depth 10, 100k / 300k",
            lambda: reach(graph, [next(starts)], relations=_TYPED),
            count=200,
            peer=peer,
            target="P95 30",
        ),
        measured("context query, 100k / 300k", lambda: neighbourhood(graph, [next(starts)], _BUDGET), count=500),
    ]


def workspace_graph(entities: int, relations: int) -> Graph:
    """Make a graph like that of a workspace with busy panels; *contains* counts among the relations."""
    chance = random.Random(1)
    ops: list[Op] = []
    panels = entities // _PER_PANEL
    by_type: dict[tuple[int, EntityType], list[str]] = {}
    for panel in range(panels):
        ops.append(InsertOp(entity=Entity(id=f"p{panel}", type="Panel", attrs={"title": f"Panel {panel}"})))
        ops.append(InsertOp(entity=Entity(id=f"p{panel}/view", type="Element", parent=f"p{panel}", order="V")))
        for number in range(_PER_PANEL - 2):
            kind = _TYPES[number % len(_TYPES)]
            entity_id = f"p{panel}/{kind.lower()}.{number}"
            by_type.setdefault((panel, kind), []).append(entity_id)
            attrs = {"tag": kind.lower(), "attr:label": f"Label {number}"}
            place = {"parent": f"p{panel}/view", "order": f"V{number:03d}V"}
            ops.append(InsertOp(entity=Entity(id=entity_id, type=kind, attrs=dict(attrs), **place)))
    inside = entities - panels
    for _ in range(panels * 2):
        ends = chance.sample(range(panels), 2)
        ops.append(LinkOp(source=f"p{ends[0]}", relation="links", target=f"p{ends[1]}"))
    links = set[tuple[str, Relation, str]]()
    while len(links) < relations - inside - panels * 2:
        panel = chance.randrange(panels)
        kind = chance.choice([one for one in _ENDS if _ENDS[one]])
        relation, target = chance.choice(_ENDS[kind])
        # Some read what other panels have: without that, nothing is far away.
        there = panel if chance.random() < _AT_HOME else chance.randrange(panels)
        links.add((chance.choice(by_type[panel, kind]), relation, chance.choice(by_type[there, target])))
    ops += [LinkOp(source=source, relation=relation, target=target) for source, relation, target in sorted(links)]
    return apply(Graph(), ops, rev=1).graph


def _settle() -> None:
    gc.collect()
    gc.freeze()


def _starts(graph: Graph) -> Iterator[str]:
    return cycle(random.Random(2).sample(sorted(graph.types["Element"]), 100))


def _patch(graph: Graph) -> Callable[[], object]:
    ops: list[Op] = [
        SetOp(id="p1/element.0", attrs={"attr:label": "New", "attr:kind": "primary"}, seen=1),
        InsertOp(
            entity=Entity(id="p1/new", type="Element", parent="p1/view", attrs={"tag": "text"}), after="p1/element.2"
        ),
        LinkOp(source="p1/new", relation="shows", target="p1/computed.3"),
        MoveOp(id="p1/element.5", parent="p1/view", before="p1/element.0"),
        SetOp(id="p1/state.1", attrs={"value": 7}),
    ]
    return lambda: apply(graph, ops, rev=2)


def _insert_among(count: int) -> Callable[[], object]:
    ops: list[Op] = [InsertOp(entity=Entity(id="p", type="Panel"))]
    ops += [InsertOp(entity=Entity(id=f"e{number}", type="Element", parent="p")) for number in range(count)]
    graph = apply(Graph(), ops, rev=1).graph
    one = InsertOp(entity=Entity(id="new", type="Element", parent="p"), after=f"e{count // 2}")
    return lambda: apply(graph, [one], rev=2)


# The same with networkx


def _networkx(graph: Graph) -> nx.MultiDiGraph[str]:
    try:
        import networkx as nx
    except ImportError as error:
        raise UnavailableError("networkx is not installed.", hint="pip install 'nexus-jupyter[graph]'") from error
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for entity_id, record in graph.records.items():
        made.add_node(entity_id, type=record.entity.type, **record.entity.attrs)
    for entity_id, record in graph.records.items():
        for child in record.children:
            made.add_edge(entity_id, child, key="contains")
    for edge in graph.edges():
        made.add_edge(edge.source, edge.target, key=edge.relation)
    return made


def _context(graph: nx.MultiDiGraph[str], start: str) -> list[str]:
    found = {start: None}
    for here in found.copy():
        waiting = [here]
        while waiting and len(found) < 4 * _BUDGET:
            below = []
            for one in waiting:
                for other in (*graph.successors(one), *graph.predecessors(one)):
                    if other not in found and len(found) < 4 * _BUDGET:
                        found[other] = None
                        below.append(other)
            waiting = below
    # networkx's own pagerank needs SciPy; this is its power iteration without.
    near = graph.subgraph(found).to_undirected(as_view=True)
    degrees = dict(near.degree())
    ranks = dict.fromkeys(found, 0.0) | {start: 1.0}
    for _ in range(8):
        passed = dict.fromkeys(found, 0.0)
        for one in near:
            for other in near.neighbors(one):
                passed[other] += _PASSED_ON * ranks[one] / degrees[one]
        passed[start] += 1 - sum(passed.values())
        ranks = passed
    return sorted(ranks, key=lambda one: -ranks[one])[:_BUDGET]


def _pattern(graph: nx.MultiDiGraph[str]) -> list[str]:
    states = {
        target
        for node, kind in graph.nodes(data="type")
        if kind == "Query"
        for _, target, relation in graph.out_edges(node, keys=True)
        if relation == "reads" and graph.nodes[target]["type"] == "State"
    }
    found = {
        source: None
        for state in states
        for source, _, relation in graph.in_edges(state, keys=True)
        if relation == "binds" and graph.nodes[source]["type"] == "Element"
    }
    return list(found)[:100]


def _reach(graph: nx.MultiDiGraph[str], start: str) -> list[str]:
    wanted = frozenset(_TYPED)
    found = {start: None}
    level = [start]
    for _ in range(DEEPEST):
        below: list[str] = []
        for one in level:
            if len(below) >= WIDEST:
                break
            for edges in (
                graph.out_edges(one, keys=True),
                ((b, a, key) for a, b, key in graph.in_edges(one, keys=True)),
            ):
                for _, other, key in edges:
                    if key in wanted and other not in found and len(below) < WIDEST:
                        found[other] = None
                        below.append(other)
        level = below
    return list(found)


def _change(graph: nx.MultiDiGraph[str]) -> Callable[[], None]:
    def change() -> None:
        graph.nodes["p1/element.0"].update({"attr:label": "New", "attr:kind": "primary"})
        graph.add_node("p1/new", type="Element", tag="text")
        graph.add_edge("p1/view", "p1/new", key="contains")
        graph.add_edge("p1/new", "p1/computed.3", key="shows")
        graph.nodes["p1/element.5"]["order"] = "U"
        graph.nodes["p1/state.1"]["value"] = 7
        graph.remove_node("p1/new")

    return change
