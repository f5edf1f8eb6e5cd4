"""Queries, impact, neighbourhoods and orders: what they find, and what they say they left out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings

from nexus_jupyter.nog import Graph, apply, cycle, impact, match, neighbourhood, reach, recompute_order
from nexus_jupyter.protocol.errors import NotFoundError, RequestError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, Op
from nexus_jupyter.protocol.query import WIDEST, GraphQuery
from tests.nog.graphs import base, op_lists
from tests.nog.test_properties import applicable


def chain(length: int) -> Graph:
    """A panel with values that derive from each other in a row: c0 from c1 from c2 ..."""
    ops: list[Op] = [InsertOp(entity=Entity(id="p", type="Panel"))]
    ops += [InsertOp(entity=Entity(id=f"c{i:02}", type="Computed", parent="p")) for i in range(length)]
    ops += [LinkOp(source=f"c{i:02}", relation="derivedFrom", target=f"c{i + 1:02}") for i in range(length - 1)]
    return apply(Graph(), ops, rev=1).graph


def wide(count: int) -> Graph:
    ops: list[Op] = [InsertOp(entity=Entity(id="p", type="Panel"))]
    ops += [
        InsertOp(entity=Entity(id=f"e{i:05}", type="Element", parent="p", attrs={"n": i, "attr:label": f"L{i}"}))
        for i in range(count)
    ]
    return apply(Graph(), ops, rev=1).graph


def test_conditions_compare_attributes_by_value_and_type() -> None:
    graph = wide(20)
    elements = match(graph, "Element")
    assert [e.id for e in elements.where("n", "<", 2)] == ["e00000", "e00001"]
    assert [e.id for e in elements.where("n", ">=", 18)] == ["e00018", "e00019"]
    assert [e.id for e in elements.where(label="L7")] == ["e00007"], "attributes of the text need no prefix"
    assert len(elements.where("label", "contains", "L1").entities) == 11
    assert elements.where("n", ">", "1").entities == [], "a number and a text have no order"
    assert elements.where(n=True).entities == [], "true is no 1"
    assert len(elements.where("missing", "==", None).entities) == 20
    assert [e.id for e in elements.where(lambda e: e.id.endswith("3")).where("n", "!=", 3)] == ["e00013"]


def test_a_query_is_lazy() -> None:
    looked: list[str] = []

    def note(entity: Entity) -> bool:
        looked.append(entity.id)
        return True

    found = match(wide(500), "Panel").out("contains", "Element").where(note)
    assert looked == []
    assert [entity.id for entity in itertools.islice(found, 2)] == ["e00000", "e00001"]
    assert len(looked) == 2
    assert [entity.id for entity in found.limit(3)] == ["e00000", "e00001", "e00002"]
    assert len(looked) == 5
    assert len(found.entities) == 500
    assert len(looked) == 503, "what was found before is not looked for again"


def test_more_than_a_thousand_results_are_cut_and_it_is_said() -> None:
    graph = wide(WIDEST + 1)
    step = match(graph, "Panel").out("contains")
    assert len(step.entities) == WIDEST
    assert step.truncated == "step 1 (out contains) gives more than 1000 entities"
    start = match(graph, "Element")
    assert len(start.entities) == WIDEST
    assert start.truncated == "there are more than 1000 entities to start from"
    assert match(graph, "Element").where("n", "<", 1000).truncated == ""
    assert match(graph, "Element").limit(5).truncated == "", "who wants five gets five"


def test_more_than_ten_relations_in_a_row_are_cut_or_refused() -> None:
    graph = chain(14)
    far = match(graph, "Computed").where(id="c00").out("derivedFrom", depth=None)
    assert [entity.id for entity in far] == [f"c{i:02}" for i in range(1, 11)]
    assert "further than 10 relations" in far.truncated
    assert match(graph, "Computed").where(id="c08").out("derivedFrom", depth=None).truncated == ""
    assert match(graph, "Computed").where(id="c00").out("derivedFrom", depth=3).truncated == ""
    with pytest.raises(RequestError, match="at most 10 relations"):
        match(graph).out("derivedFrom", depth=6).out("derivedFrom", depth=5)


def test_a_query_that_takes_too_long_stops_and_it_is_said() -> None:
    ticks = itertools.count()
    found = match(wide(900), "Element", clock=lambda: next(ticks) * 0.1)
    assert 0 < len(found.entities) < 900
    assert found.truncated == "the query took longer than 250 ms"


def test_a_query_survives_being_sent() -> None:
    found = match(wide(3), "Panel").out("contains", "Element", depth=None).where("n", "<", 2).limit(1)
    assert GraphQuery.model_validate_json(found.query.model_dump_json()) == found.query


def test_impact_follows_what_depends_on_it_and_what_actions_write() -> None:
    touched, cut = impact(base(), "p/state.t")
    assert [(one.entity.id, [(hop.relation, hop.id) for hop in one.path]) for one in touched] == [
        ("p/computed.c", [("derivedFrom", "p/computed.c")])
    ]
    assert cut == ""
    by_action, _ = impact(base(), "p/action.go")
    assert [one.entity.id for one in by_action] == ["p/state.s", "p/a"], "what it writes, and who is bound to that"
    whole, _ = impact(base(), "q")
    assert whole[0].path[0].relation in {"contains", "links"}
    assert {"p", "q/view", "q/computed.c"} <= {one.entity.id for one in whole}
    assert not {"p/a", "p/view"} & {one.entity.id for one in whole}
    _, deep = impact(chain(14), "c13")
    assert "more at a distance" in deep


def test_a_neighbourhood_ranks_what_many_ways_lead_to_above_what_is_merely_near() -> None:
    ops: list[Op] = [InsertOp(entity=Entity(id=f"s{i}", type="State")) for i in range(3)]
    ops += [InsertOp(entity=Entity(id=f"e{i}", type="Element")) for i in range(4)]
    ops += [LinkOp(source=f"e{i}", relation="reads", target="s0") for i in range(4)]
    ops += [LinkOp(source=f"e{i}", relation="reads", target="s1") for i in range(4)]
    ops += [LinkOp(source="e0", relation="reads", target="s2")]
    graph = apply(Graph(), ops, rev=1).graph
    found = neighbourhood(graph, ["s0"], 7)
    ids = [entity.id for entity in found.entities]
    assert ids[0] == "s0"
    assert ids.index("s1") < ids.index("s2")
    assert sum(found.scores) == pytest.approx(1.0)
    assert found.truncated == ""
    assert [entity.id for entity in neighbourhood(graph, ["s0"], 3).entities] == ids[:3]
    costly = neighbourhood(graph, ["s0"], 10, cost=lambda entity: 4 if entity.type == "Element" else 1)
    assert sum(4 if entity.type == "Element" else 1 for entity in costly.entities) <= 10
    assert [entity.type for entity in neighbourhood(graph, ["s0"], 9, types=["State"]).entities] == ["State"]
    with pytest.raises(NotFoundError):
        reach(graph, ["nowhere"])


def test_ten_thousand_children_are_reached_within_the_limit_of_one_distance() -> None:
    graph = wide(3000)
    assert len(reach(graph, ["p"])) <= 2 * WIDEST
    assert "1000" in neighbourhood(graph, ["p"], 5000).truncated


@settings(max_examples=100, deadline=None)
@given(op_lists(max_size=10))
def test_what_is_reached_is_what_a_plain_search_finds(wanted: list[Op]) -> None:
    graph = apply(base(), applicable(base(), wanted, 2), rev=2).graph
    start = next(iter(sorted(graph.records)))
    plain, waiting = {start}, [start]
    for _ in range(10):
        below = set()
        for here in waiting:
            record = graph.records[here]
            ends = {end for edges in (record.out, record.into) for ids in edges.values() for end in ids}
            below |= {*ends, *record.children, *([record.entity.parent] if record.entity.parent else [])} - plain
        plain |= below
        waiting = sorted(below)
    found = reach(graph, [start])
    assert set(found) == plain
    assert len(found) == len(plain)


def test_values_are_worked_out_after_their_inputs_and_circles_are_named() -> None:
    graph = chain(5)
    assert recompute_order(graph) == ["c04", "c03", "c02", "c01", "c00"]
    assert recompute_order(graph, ["c02"]) == ["c01", "c00"]
    assert cycle(graph) == []
    bent = apply(graph, [LinkOp(source="c03", relation="derivedFrom", target="c01")], rev=2).graph
    found = cycle(bent)
    assert found[0] == found[-1]
    assert {"c01", "c02", "c03"} == set(found)
    with pytest.raises(ValueError, match=r"in a circle: .*c0"):
        recompute_order(bent)
