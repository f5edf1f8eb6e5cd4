"""Merging two versions of a panel: what excludes each other is asked, everything else is in the result."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_jupyter.nog.merge import Merged, merge, merge_text
from nexus_jupyter.nog.siblings import kept_in_order, merge_sequence
from nexus_jupyter.nog.version import keyed
from nexus_jupyter.protocol.graph import Entity

Panel = dict[str, Entity]


def element(name: str, parent: str = "view", **attrs: object) -> Entity:
    given = {"tag": "text", **{key if key in ("tag", "text") else f"attr:{key}": value for key, value in attrs.items()}}
    return Entity.model_validate({"id": f"p/{name}", "type": "Element", "parent": f"p/{parent}", "attrs": given})


def panel(*own: Entity) -> Panel:
    root = Entity(id="p", type="Panel", attrs={"title": "P"})
    sections = [Entity(id=f"p/{name}", type="Element", parent="p", attrs={"tag": name}) for name in ("view", "data")]
    return keyed([root, *sections, *own])


def children(entities: Mapping[str, Entity], parent: str = "view") -> list[str]:
    found = [entity for entity in entities.values() if entity.parent == f"p/{parent}"]
    return [entity.id.removeprefix("p/") for entity in sorted(found, key=lambda entity: (entity.order, entity.id))]


def asked(merged: Merged) -> list[tuple[str, str, str | None]]:
    return [(one.kind, one.entity.removeprefix("p/"), one.attr) for one in merged.conflicts]


BASE = panel(
    element("a", label="A"), element("b", label="B"), element("box", tag="row"), element("c", "box", label="C")
)


def test_different_attributes_of_one_thing_merge() -> None:
    ours = {**BASE, "p/a": element("a", label="A", kind="x")}
    theirs = {**BASE, "p/a": element("a", label="new")}
    merged = merge(BASE, ours, theirs, panel="p")
    assert merged.entities["p/a"].attrs == {"tag": "text", "attr:label": "new", "attr:kind": "x"}
    assert not merged.conflicts


def test_the_same_attribute_changed_differently_is_a_conflict_and_equally_is_none() -> None:
    ours = {**BASE, "p/a": element("a", label="one")}
    theirs = {**BASE, "p/a": element("a", label="two")}
    merged = merge(BASE, ours, theirs, panel="p")
    assert asked(merged) == [("attribute", "a", "attr:label")]
    assert merged.entities["p/a"].attrs["attr:label"] == "one"
    found = merged.conflicts[0]
    assert (found.base, found.ours.value, found.theirs.value) == ("A", "one", "two")
    assert not merge(BASE, ours, ours, panel="p").conflicts


@pytest.mark.parametrize("swapped", [False, True])
def test_an_edit_of_what_the_other_side_removed_is_a_conflict_and_nothing_is_lost(*, swapped: bool) -> None:
    edited = panel(
        element("a", label="A"),
        element("b", label="B"),
        element("box", tag="row"),
        element("c", "box", label="!"),
        element("n", "box"),
    )
    removed = panel(element("a", label="A"), element("b", label="B"))
    ours, theirs = (removed, edited) if swapped else (edited, removed)
    merged = merge(BASE, ours, theirs, panel="p")
    assert asked(merged) == [("removed", "box", None)]
    assert ("p/n" in merged.entities) != swapped
    value = (merged.conflicts[0].theirs if swapped else merged.conflicts[0].ours).value
    assert [one["id"] for one in value] == ["p/box", "p/c", "p/n"]  # type: ignore[union-attr,index,call-overload]  # JSON


def test_what_one_side_removed_and_the_other_left_alone_is_gone() -> None:
    removed = panel(element("a", label="A"), element("b", label="B"))
    for ours, theirs in ((removed, BASE), (BASE, removed)):
        merged = merge(BASE, ours, theirs, panel="p")
        assert "p/box" not in merged.entities
        assert "p/c" not in merged.entities
        assert not merged.conflicts


def test_a_move_and_an_edit_of_the_same_thing_merge() -> None:
    ours = panel(
        element("b", label="B"),
        element("box", tag="row"),
        element("a", "box", label="A"),
        element("c", "box", label="C"),
    )
    theirs = {**BASE, "p/a": BASE["p/a"].model_copy(update={"attrs": {"tag": "text", "attr:label": "new"}})}
    merged = merge(BASE, ours, theirs, panel="p")
    assert children(merged.entities, "box") == ["a", "c"]
    assert merged.entities["p/a"].attrs["attr:label"] == "new"
    assert not merged.conflicts


def test_two_moves_to_different_places_are_a_conflict() -> None:
    base = panel(element("a"), element("x", tag="row"), element("y", tag="row"))
    ours = panel(element("x", tag="row"), element("y", tag="row"), element("a", "x"))
    theirs = panel(element("x", tag="row"), element("y", tag="row"), element("a", "y"))
    merged = merge(base, ours, theirs, panel="p")
    assert asked(merged) == [("place", "a", None)]
    assert merged.entities["p/a"].parent == "p/x"
    assert merged.conflicts[0].theirs.value == {"parent": "p/y", "after": None}


def test_two_moves_that_put_each_into_the_other_are_a_conflict_and_no_circle() -> None:
    base = panel(element("x", tag="row"), element("y", tag="row"))
    ours = panel(element("y", tag="row"), element("x", "y", tag="row"))
    theirs = panel(element("x", tag="row"), element("y", "x", tag="row"))
    merged = merge(base, ours, theirs, panel="p")
    assert [kind for kind, *_ in asked(merged)] == ["place"]
    assert merged.entities["p/x"].parent == "p/y"
    assert merged.entities["p/y"].parent == "p/view"


def test_inserts_of_both_sides_stay_in_an_order_that_both_agree_on() -> None:
    base = panel(element("a"), element("b"))
    ours, theirs = panel(element("a"), element("n"), element("b")), panel(element("a"), element("m"), element("b"))
    assert children(merge(base, ours, theirs, panel="p").entities) == ["a", "m", "n", "b"]
    assert children(merge(base, theirs, ours, panel="p").entities) == ["a", "m", "n", "b"]


def test_an_insert_stays_near_its_neighbour_when_the_other_side_reorders() -> None:
    base = panel(element("a"), element("b"), element("c"))
    ours = panel(element("c"), element("a"), element("b"))
    theirs = panel(element("a"), element("b"), element("c"), element("n"))
    assert children(merge(base, ours, theirs, panel="p").entities) == ["c", "n", "a", "b"]
    assert not merge(base, ours, theirs, panel="p").conflicts


def test_one_new_name_for_two_things_is_a_conflict_that_holds_both() -> None:
    ours, theirs = (
        panel(*list(BASE.values())[3:], element("n", label="one")),
        panel(*list(BASE.values())[3:], element("n", label="two")),
    )
    merged = merge(BASE, ours, theirs, panel="p")
    assert asked(merged) == [("inserted", "n", None)]
    assert merged.entities["p/n"].attrs["attr:label"] == "one"
    assert merged.conflicts[0].theirs.value["attrs"]["attr:label"] == "two"  # type: ignore[index,call-overload]  # JSON
    assert not merge(BASE, ours, ours, panel="p").conflicts


def test_the_later_of_two_values_of_a_state_holds_and_the_other_is_told() -> None:
    def valued(value: int) -> Panel:
        state = Entity(id="p/state.n", type="State", parent="p/data", attrs={"tag": "state", "value": value})
        return panel(state)

    merged = merge(valued(0), valued(1), valued(2), panel="p", later=lambda _entity, _attr: "ours")
    assert merged.entities["p/state.n"].attrs["value"] == 1
    assert not merged.conflicts
    assert [(one.value, one.side) for one in merged.overruled] == [(2, "theirs")]


def test_of_two_moves_into_each_other_one_goes_back_and_brings_back_where_it_came_from() -> None:
    base = panel(element("home"), element("a", "home"), element("b"))
    inside = panel(element("home"), element("a", "home"), element("b", "a"))
    without = panel(element("b"), element("a", "b"))
    merged = merge(base, inside, without, panel="p")
    assert [merged.entities[f"p/{name}"].parent for name in ("home", "a", "b")] == ["p/view", "p/home", "p/a"]
    assert {one.kind for one in merged.conflicts} == {"place", "removed"}
    assert merge(base, without, inside, panel="p").conflicts


def test_bodies_merge_by_lines_and_conflict_only_where_lines_overlap() -> None:
    body = "const a = 1;\nconst b = 2;\nconst c = 3;\nreturn a + b + c;"
    assert merge_text(body, body.replace("1", "9"), body.replace("3", "7")) == body.replace("1", "9").replace("3", "7")
    assert merge_text(body, body.replace("1", "9"), body.replace("1", "8")) is None
    sides = [panel(element("a", text=text)) for text in (body, body.replace("1", "9"), body.replace("3", "7"))]
    merged = merge(*sides, panel="p")
    assert not merged.conflicts
    assert "a = 9" in str(merged.entities["p/a"].attrs["text"])
    assert "c = 7" in str(merged.entities["p/a"].attrs["text"])


# Properties

NAMES = [f"e{i}" for i in range(7)]


@st.composite
def versions(draw: st.DrawFn) -> Panel:
    """Any panel over a few names: who is inside whom, in what order, with what label."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=7))
    own: list[Entity] = []
    placed: list[str] = []
    for name in names:
        parent = draw(st.sampled_from(["view", *placed]))
        own.append(
            element(name, parent, label=draw(st.integers(0, 2)), text=draw(st.sampled_from(["x", "y\nz", "y\nw"])))
        )
        placed.append(name)
    return panel(*own)


def shape(entities: Mapping[str, Entity]) -> object:
    plain = {
        key: (entity.parent, entity.attrs)
        for key, entity in entities.items()
        if entity.attrs.get("tag") not in ("logic", "doc")
    }
    return plain, {name: children(entities, name) for name in ["view", *NAMES]}


def contents(value: object) -> set[str]:
    """All ids in a conflict's values."""
    if isinstance(value, list):
        return set().union(*map(contents, value))
    return {str(value["id"])} if isinstance(value, dict) and "id" in value else set()


@settings(max_examples=600, deadline=None)
@given(versions(), versions())
def test_a_merge_with_itself_or_with_an_unchanged_side_is_the_other_side(base: Panel, side: Panel) -> None:
    for ours, theirs in ((side, side), (side, base), (base, side)):
        merged = merge(base, ours, theirs, panel="p")
        assert shape(merged.entities) == shape(side)
        assert merged.conflicts == []


@settings(max_examples=1500, deadline=None)
@given(versions(), versions(), versions())
def test_whatever_both_do_no_entity_is_lost_and_the_tree_is_a_tree(base: Panel, ours: Panel, theirs: Panel) -> None:
    merged = merge(base, ours, theirs, panel="p")
    assert merge(base, ours, theirs, panel="p") == merged
    seen: set[str | None] = {None}
    for entity in merged.entities.values():
        assert entity.parent in seen, "parents come first, so none dangles and there is no circle"
        seen.add(entity.id)
    held = set().union(*(contents(side.value) for one in merged.conflicts for side in (one.ours, one.theirs)))
    for side, other in ((ours, theirs), (theirs, ours)):
        for entity_id in side.keys() - merged.entities.keys() - held:
            assert entity_id in base, "what is new is in the result or in a conflict"
            assert entity_id not in other, "what is not in the result was removed by the other side"
    for parent in merged.entities:
        orders = [entity.order for entity in merged.entities.values() if entity.parent == parent]
        assert len(set(orders)) == len(orders), "no two siblings share a place"


@settings(max_examples=1000, deadline=None)
@given(versions(), versions(), versions())
def test_it_does_not_matter_which_side_is_called_ours(base: Panel, ours: Panel, theirs: Panel) -> None:
    one, two = merge(base, ours, theirs, panel="p"), merge(base, theirs, ours, panel="p")
    if not one.conflicts and not two.conflicts:
        assert shape(one.entities) == shape(two.entities)
    assert bool(one.conflicts) == bool(two.conflicts)


@given(st.permutations(range(6)), st.permutations(range(6)))
def test_a_sequence_keeps_all_its_members_once(first: list[int], second: list[int]) -> None:
    base, ours, theirs = [[str(i) for i in order] for order in (range(6), first, second)]
    order, _ = merge_sequence(base, ours, theirs, base)
    assert sorted(order) == base
    kept = kept_in_order(base, ours)
    assert [item for item in ours if item in kept] == sorted(kept)
