"""Differences of values lead from one version to the other and back, and cost what changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_jupyter.nog.deltas import Difference, differences, patched
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import PatchError
from tests.nog.test_sharing import VALUES, edits, exact

#: More characters than any of the edits below takes, both ways.
MOST = 400


def records(count: int) -> list[dict[str, JsonValue]]:
    return [{"id": f"{at:08}", "title": f"Record {at:08} of the list", "done": False} for at in range(count)]


def check(old: JsonValue, new: JsonValue) -> None:
    pair = differences(old, new)
    if pair is None:
        return
    forward, backward = json.loads(json.dumps(pair))
    assert exact(patched(old, forward)) == exact(new)
    assert exact(patched(new, backward)) == exact(old)
    assert len(json.dumps(pair)) <= 2 * len(json.dumps([old, new]))


@given(VALUES, VALUES)
def test_a_difference_leads_from_any_value_to_any_other_and_back(old: JsonValue, new: JsonValue) -> None:
    check([old] * 3, [old, new, old])
    check({"a": old, "b": old, "c": new}, {"b": old, "d": new, "a": new})
    check(old, new)


@given(edits())
def test_a_difference_leads_from_version_to_version_of_a_list(versions: list[JsonValue]) -> None:
    for old, new in pairwise(versions):
        check(old, new)
        check({"deep": [old, 1]}, {"deep": [new, 1]})


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_difference_leads_from_text_to_text(before: str, gone: str, come: str, behind: str) -> None:
    check(before + gone + behind, before + come + behind)


EDITS: dict[str, Callable[[list[dict[str, JsonValue]]], object]] = {
    "a field": lambda items: items[len(items) // 2].update(done=True),
    "a text in a field": lambda items: items[3].update(title="Record 00000003 of our list"),
    "a field comes": lambda items: items[1].update(late=True),
    "a field goes": lambda items: items[1].pop("title"),
    "an item comes first": lambda items: items.insert(0, {"id": "new"}),
    "an item comes last": lambda items: items.append({"id": "new"}),
    "an item goes": lambda items: items.pop(len(items) // 2),
    "an item moves": lambda items: items.insert(0, items.pop()),
    "two items at the ends": lambda items: (items[0].update(done=True), items[-1].update(done=True)),
    "an item goes and another comes": lambda items: (items.pop(1), items.insert(len(items) - 1, {"id": "new"})),
}


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("count", [10, 500, 50_000])
def test_a_difference_costs_the_item_however_long_the_list_is(name: str, count: int) -> None:
    old = records(count)
    new = json.loads(json.dumps(old))
    EDITS[name](new)
    pair = differences(old, new)  # type: ignore[arg-type] # JSON
    assert pair is not None
    assert len(json.dumps(pair)) < MOST
    check(old, new)  # type: ignore[arg-type] # JSON


def test_a_difference_costs_the_entry_however_large_a_dict_is() -> None:
    old: dict[str, JsonValue] = {f"key {at}": {"count": at} for at in range(5000)}
    for new in (
        {**old, "key 7": {"count": 8}},
        {**old, "new": 1},
        {key: one for key, one in old.items() if key != "key 7"},
    ):
        pair = differences(old, new)
        assert pair is not None
        assert len(json.dumps(pair)) < MOST
        check(old, new)


@pytest.mark.parametrize(
    ("value", "difference"),
    [
        ([1, 2], {"list": [[3, 0, [1]]]}),
        ([1, 2], {"list": [[1, 2, []]]}),
        ([1, 2], {"list": [[1, 1, []], [0, 1, []]]}),
        ([1, 2], {"list": [[1, -1, []]]}),
        ([1, 2], {"list": [[2, {"set": 1}]]}),
        ([1, 2], {"list": [[0, {"text": [0, 0, "a"]}]]}),
        ([1, 2], {"dict": {}}),
        ([1, 2], {"list": [[]]}),
        ({"a": 1}, {"dict": {"b": {"set": 1}}}),
        ({"a": 1}, {"dict": {}, "gone": ["b"]}),
        ({"a": 1}, {"dict": {}, "new": [[5, "b", 1]]}),
        ("text", {"text": [3, 2, ""]}),
        ("text", {"text": [-1, 2, ""]}),
        ("text", {"text": [2, -1, ""]}),
        ("text", {"list": []}),
        (None, {"list": []}),
        ("text", {}),
        ({"a": 1}, {"dict": []}),
        ({"a": 1}, {"dict": {}, "new": [[0, 5, 1]]}),
        ({"a": 1}, {"dict": {}, "new": [[0, "a", 1]]}),
        ("text", {"text": [0, 0, {}, 0x3B8BA7C7]}),
        ("text", {"text": [0, 0, "a", 1]}),
        ([1, 2], {"list": [], "of": 3}),
    ],
)
def test_a_difference_of_another_value_is_refused(value: JsonValue, difference: Difference) -> None:
    with pytest.raises(PatchError, match="another value"):
        patched(value, difference)
