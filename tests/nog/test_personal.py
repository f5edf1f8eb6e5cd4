"""What one person has for themselves cannot be found out by another's questions."""

from __future__ import annotations

import pytest

from nexus_jupyter.nog import Graph, apply, match, seen_by, shared
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import InsertOp, SetOp


@pytest.fixture
def graph() -> Graph:
    made: list[InsertOp | SetOp] = [
        InsertOp(entity=Entity(id="p", type="Panel", attrs={"title": "P"})),
        InsertOp(entity=Entity(id="p/data", type="Element", parent="p", attrs={"tag": "data"})),
        InsertOp(entity=Entity(id="p/state.mood", type="State", parent="p/data", attrs={"value": "fine"})),
    ]
    one = apply(Graph(), made, rev=1).graph
    two = apply(one, [SetOp(id="p/state.mood", attrs={"user:ann": "tired"})], rev=2).graph
    return apply(two, [SetOp(id="p/state.mood", attrs={"user:bob": "glad"})], rev=3).graph


def test_a_person_sees_their_own_value_and_the_shared_one(graph: Graph) -> None:
    assert seen_by(graph, "ann").entity("p/state.mood").attrs == {"value": "fine", "user:ann": "tired"}
    assert seen_by(graph, None).entity("p/state.mood").attrs == {"value": "fine"}
    assert shared(graph.entity("p/state.mood")).attrs == {"value": "fine"}
    assert graph.entity("p/state.mood").attrs["user:bob"] == "glad", "the graph itself is as it was"


def test_neither_a_condition_nor_the_time_of_a_change_tells_of_anothers(graph: Graph) -> None:
    seen = seen_by(graph, "ann")
    assert [one.id for one in match(seen, "State").where(**{"user:ann": "tired"})] == ["p/state.mood"]
    assert list(match(seen, "State").where(**{"user:bob": "glad"})) == []
    assert "user:bob" not in seen.record("p/state.mood").touched
    assert seen.children("p/data")[0].id == "p/state.mood"


def test_a_graph_without_such_values_is_the_same_one() -> None:
    plain = apply(Graph(), [InsertOp(entity=Entity(id="p", type="Panel"))], rev=1).graph
    assert seen_by(plain, "ann") is plain
