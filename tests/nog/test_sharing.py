"""Versions of a value share what did not change, and sharing changes no value."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.sharing import share
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import InsertOp, Op, SetOp

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=30,
)
ITEMS = st.fixed_dictionaries({"id": st.integers(0, 5), "done": st.booleans() | st.sampled_from([0, 1, 0.0, -0.0])})


def exact(value: object) -> str:
    """Return a text that tells 1 from true and 1.0, and one order of keys from another."""
    return repr(value)


@st.composite
def edits(draw: st.DrawFn) -> list[JsonValue]:
    """Return versions of a list of records, each an edit of the one before."""
    versions: list[JsonValue] = [draw(st.lists(ITEMS | VALUES, max_size=8))]
    for _ in range(draw(st.integers(1, 6))):
        now = json.loads(json.dumps(versions[-1]))
        place = draw(st.integers(0, len(now)))
        match draw(st.sampled_from(["insert", "remove", "replace", "move", "filter", "reverse", "whole"])):
            case "insert":
                now.insert(place, draw(ITEMS))
            case "remove":
                del now[place : place + 2]
            case "replace":
                now[place : place + 1] = [draw(ITEMS | VALUES)]
            case "move":
                now = [*now[place:], *now[:place]]
            case "filter":
                now = now[::2]
            case "reverse":
                now.reverse()
            case _:
                now = draw(st.lists(VALUES, max_size=4))
        versions.append(now)
    return versions


@given(VALUES, VALUES)
def test_sharing_changes_no_value(value: JsonValue, old: JsonValue) -> None:
    before = exact(value), exact(old)
    shared, replaced = share(value, old)
    assert exact(shared) == before[0]
    assert (exact(value), exact(old)) == before
    assert replaced == 0 if before[0] == before[1] else replaced >= 0


@given(edits())
def test_every_version_of_a_list_stays_what_it_was_and_inverses_restore_the_one_before(
    versions: list[JsonValue],
) -> None:
    graph = apply(Graph(), [InsertOp(entity=Entity(id="s", type="Panel", attrs={"value": versions[0]}))], rev=1).graph
    held, inverses = [graph], list[list[Op]]()
    for rev, version in enumerate(versions[1:], 2):
        applied = apply(held[-1], [SetOp(id="s", attrs={"value": version})], rev=rev)
        again = apply(held[-1], [op.model_validate_json(op.model_dump_json()) for op in applied.ops], rev=rev)
        assert exact(again.graph.entity("s").attrs) == exact(applied.graph.entity("s").attrs)
        held.append(applied.graph)
        inverses.append(applied.inverse)
    for graph, version in zip(held, versions, strict=True):
        assert graph.entity("s").attrs["value"] == version
    back = held[-1]
    for inverse, expected in zip(reversed(inverses), reversed(held[:-1]), strict=True):
        back = apply(back, inverse, rev=99).graph
        assert exact(back.entity("s").attrs) == exact(expected.entity("s").attrs)


def test_a_list_takes_its_items_from_the_one_before_wherever_they_are() -> None:
    old: list[JsonValue] = [{"id": i, "title": f"Item {i}", "done": False} for i in range(20)]
    known = {id(item) for item in old}

    def new_items(value: list[JsonValue]) -> int:
        shared, _ = share(json.loads(json.dumps(value)), old)
        assert shared == value
        assert isinstance(shared, list)
        return sum(id(item) not in known for item in shared)

    assert new_items(old) == 0
    assert new_items([*old[:5], {**old[5], "done": True}, *old[6:]]) == 1  # type: ignore[dict-item] # they are dicts
    assert new_items([{"id": 99}, *old]) == 1
    assert new_items(old[3:9]) == 0
    assert new_items(old[::2]) == 0
    assert new_items([*old[::-1], {"id": 99}]) == 1


def test_what_is_replaced_is_weighed() -> None:
    old: list[JsonValue] = [{"id": i, "title": f"{i:4}" * 250} for i in range(100)]
    one = [*json.loads(json.dumps(old[:50])), {"id": 50, "title": "y" * 1000}, *json.loads(json.dumps(old[51:]))]
    _, replaced = share(one, old)
    assert 1000 < replaced < 4000
    assert share([], old)[1] > 100_000
    assert share(json.loads(json.dumps(old)), old)[1] == 0


def test_values_nested_too_deeply_to_compare_are_kept_whole() -> None:
    deep: JsonValue = 1
    for _ in range(3000):
        deep = [deep]
    shared, _ = share([deep, 2], [deep, 1])
    assert isinstance(shared, list)
    assert shared[1] == 2
