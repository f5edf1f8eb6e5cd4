"""Patches: all or nothing, with an inverse, by id."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_jupyter.nog import Graph, apply, between, spread
from nexus_jupyter.protocol.errors import ConflictError, PatchError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, MoveOp, Op, RemoveOp, SetOp, UnsetOp


def plain(graph: Graph) -> object:
    """The graph's content without its revs."""
    entities = {key: record.entity.model_dump() for key, record in graph.records.items()}
    children = {key: record.children for key, record in graph.records.items()}
    edges = sorted((edge.source, edge.relation, edge.target) for edge in graph.edges())
    types = {kind: sorted(ids) for kind, ids in graph.types.items() if ids}
    return entities, children, edges, types


def base() -> Graph:
    ops: list[Op] = [InsertOp(entity=Entity(id="p", type="Panel", attrs={"title": "P"}))]
    ops += [InsertOp(entity=Entity(id=f"p/{i}", type="Element", parent="p", attrs={"tag": "text"})) for i in range(5)]
    ops += [InsertOp(entity=Entity(id="p/state.s", type="State", parent="p", attrs={"value": 0}))]
    ops += [LinkOp(source="p/1", relation="binds", target="p/state.s")]
    return apply(Graph(), ops, rev=1).graph


ids = st.sampled_from(["p", "p/0", "p/1", "p/2", "p/3", "p/4", "p/state.s", "p/new", "nowhere"])
names = st.sampled_from(["tag", "label", "value"])
ops = st.lists(
    st.one_of(
        st.builds(SetOp, id=ids, attrs=st.dictionaries(names, st.integers(), min_size=1, max_size=2)),
        st.builds(UnsetOp, id=ids, names=st.lists(names, min_size=1, max_size=2, unique=True)),
        st.builds(RemoveOp, id=ids),
        st.builds(MoveOp, id=ids, parent=ids, after=st.none() | ids),
        st.builds(LinkOp, source=ids, relation=st.sampled_from(["binds", "reads", "shows"]), target=ids),
        st.builds(lambda parent: InsertOp(entity=Entity(id="p/new", type="Element", parent=parent)), ids),
    ),
    max_size=6,
)


@settings(max_examples=400, deadline=None)
@given(ops)
def test_apply_then_inverse_is_where_it_began(changes: list[Op]) -> None:
    graph = base()
    before = plain(graph)
    try:
        applied = apply(graph, changes, rev=2)
    except PatchError:
        assert plain(graph) == before
        return
    assert plain(apply(applied.graph, applied.inverse, rev=3).graph) == before
    assert plain(apply(graph, applied.ops, rev=2).graph) == plain(applied.graph), (
        "the ops as noted lead to the same graph"
    )
    assert plain(graph) == before, "the graph it started from is a value"


@settings(max_examples=200, deadline=None)
@given(ops)
def test_children_are_always_in_order_and_of_their_parent(changes: list[Op]) -> None:
    try:
        graph = apply(base(), changes, rev=2).graph
    except PatchError:
        return
    for key, record in graph.records.items():
        orders = [graph.entity(child).order for child in record.children]
        assert orders == sorted(orders)
        assert all(graph.entity(child).parent == key for child in record.children)


@given(st.lists(st.integers(0, 30), max_size=60))
def test_there_is_always_room_between_two_keys(places: list[int]) -> None:
    keys: list[str] = []
    for place in places:
        index = min(place, len(keys))
        low = keys[index - 1] if index else ""
        high = keys[index] if index < len(keys) else None
        key = between(low, high)
        assert low < key
        assert high is None or key < high
        keys.insert(index, key)
    assert spread("", None, 7) == sorted(set(spread("", None, 7)))


def test_ten_thousand_things_put_one_after_the_other_have_short_keys() -> None:
    keys = spread("", None, 10_000)
    assert keys == sorted(set(keys))
    assert max(map(len, keys)) <= 5
    assert between(keys[-1], None) > keys[-1]
    assert keys[41] < between(keys[41], keys[42]) < keys[42]


def test_there_is_a_place_behind_two_that_were_put_in_the_same_one() -> None:
    twins: list[Op] = [InsertOp(entity=Entity(id=f"p/x{i}", type="Element", parent="p", order="zz")) for i in (0, 1)]
    last = InsertOp(entity=Entity(id="p/z", type="Element", parent="p", order="zzz"))
    new = InsertOp(entity=Entity(id="p/new", type="Element", parent="p"), after="p/x0")
    graph = apply(base(), [*twins, last, new], rev=2).graph
    assert graph.record("p").children[-4:] == ("p/x0", "p/x1", "p/new", "p/z")
    with pytest.raises(PatchError, match="'p/1' is not inside 'p'"):
        apply(base(), [MoveOp(id="p/1", parent="p", before="p/1")], rev=2)


def test_a_stale_edit_of_the_same_attribute_is_a_conflict_and_of_another_is_not() -> None:
    graph = apply(base(), [SetOp(id="p/1", attrs={"label": "new"})], rev=5).graph
    with pytest.raises(ConflictError, match="rev 5"):
        apply(graph, [SetOp(id="p/1", attrs={"label": "mine"}, seen=4)], rev=6)
    assert apply(graph, [SetOp(id="p/1", attrs={"kind": "mine"}, seen=4)], rev=6).ops


@pytest.mark.parametrize(
    ("op", "says"),
    [
        (SetOp(id="p/9", attrs={"a": 1}), "nothing with the id"),
        (InsertOp(entity=Entity(id="p/1", type="Element", parent="p")), "already something"),
        (MoveOp(id="p", parent="p/1"), "cannot be moved"),
        (LinkOp(source="p/state.s", relation="binds", target="p/1"), "cannot go from a State"),
        (InsertOp(entity=Entity(id="p/x", type="Element", parent="p/state.s")), "State cannot contain"),
    ],
)
def test_what_does_not_apply_says_why_and_which_op(op: Op, says: str) -> None:
    with pytest.raises(PatchError, match=says) as caught:
        apply(base(), [SetOp(id="p", attrs={"title": "Q"}), op], rev=2)
    assert caught.value.index == 1
