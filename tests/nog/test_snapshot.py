"""Snapshots of graphs: the same graph, the same bytes, and damage shows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.snapshot import dump, load
from nexus_jupyter.protocol.errors import NexusError, StorageError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, MoveOp, RemoveOp, SetOp

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def grown(dice: random.Random, values: list[object]) -> Graph:
    """A graph that many random ops led to, those that do not apply left out."""
    graph = apply(Graph(), [InsertOp(entity=Entity(id="p", type="Panel"))], rev=1).graph
    for rev in range(2, 80):
        some = sorted(graph.records)
        one, other = dice.choice(some), dice.choice(some)
        op = dice.choice(
            [
                InsertOp(entity=Entity(id=f"p/e{rev}", type=dice.choice(["Element", "State", "Action"]), parent=one)),
                SetOp(id=one, attrs={f"a{dice.randrange(4)}": dice.choice(values)}),
                LinkOp(source=one, relation=dice.choice(["reads", "shows", "writes"]), target=other),
                MoveOp(id=one, parent=other),
                RemoveOp(id=one) if dice.random() < 0.1 and one != "p" else SetOp(id=one, attrs={"x": rev}),
            ]
        )
        try:
            graph = apply(graph, [op], rev=rev).graph
        except NexusError:
            continue
    return graph


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(VALUES, min_size=1, max_size=5))
def test_what_is_dumped_is_loaded(dice: random.Random, values: list[object]) -> None:
    graph = grown(dice, values)
    again = load(dump(graph))
    assert again.records == graph.records
    assert {kind: ids for kind, ids in graph.types.items() if ids} == dict(again.types)
    assert dump(again) == dump(graph)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(VALUES, min_size=1, max_size=5))
def test_what_is_loaded_beside_another_version_is_the_same_and_shares_what_did_not_change(
    dice: random.Random, values: list[object]
) -> None:
    graph = grown(dice, [*values, 1, True, 1.0, 0.0, -0.0])
    later = graph
    for rev, entity_id in enumerate(dice.sample(sorted(graph.records), min(3, len(graph.records))), 100):
        attrs = {f"a{dice.randrange(4)}": dice.choice([*values, 1, True, 1.0, 0.0, -0.0])}
        later = apply(later, [SetOp(id=entity_id, attrs=attrs)], rev=rev).graph
    for one, other in ((graph, later), (later, graph)):
        again = load(dump(one), near=other)
        assert dump(again) == dump(one)
        same = [name for name, record in again.records.items() if record is other.records.get(name)]
        assert len(same) >= len(one.records) - 3


@pytest.mark.parametrize("place", [0, 3, 4, 10, 40, -1])
def test_a_damaged_snapshot_is_refused(place: int) -> None:
    data = bytearray(dump(grown(random.Random(1), [1, "x"])))
    data[place] ^= 0x10
    with pytest.raises(StorageError):
        load(bytes(data))
    with pytest.raises(StorageError):
        load(bytes(data[:7]))
