"""Changes as RFC 6902: what is emitted is valid and leads to the document after; the applier does as the RFC says."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonpatch
import jsonpointer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_jupyter.nog import apply
from nexus_jupyter.nog.jsonpatch import json_patch, pointer, to_json, tokens
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change, MoveOp, Op, RemoveOp
from tests.nog.graphs import base, op_lists
from tests.nog.test_properties import applicable

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "rfc6902.json").read_text(encoding="utf-8"))
MEMBERS = {
    "add": {"value"},
    "remove": set(),
    "replace": {"value"},
    "test": {"value"},
    "move": {"from"},
    "copy": {"from"},
}


def applied(doc: Any, patch: Any) -> Any:
    return jsonpatch.apply_patch(copy.deepcopy(doc), patch)


def change_of(ops: list[Op], inverse: list[Op], rev: int) -> Change:
    cause = Cause(kind="edit")
    return Change(workspace="w", rev=rev, ts=1, actor=Actor(id="a"), cause=cause, panel=None, ops=ops, inverse=inverse)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["comment"])
def test_the_applier_that_emitted_patches_are_checked_with_does_as_the_rfc_says(case: dict[str, Any]) -> None:
    if case.get("error"):
        with pytest.raises((jsonpatch.JsonPatchException, jsonpointer.JsonPointerException)):
            applied(case["doc"], case["patch"])
        return
    found = applied(case["doc"], case["patch"])
    assert found == case["expected"]
    assert json.dumps(found, sort_keys=True) == json.dumps(case["expected"], sort_keys=True), "true is no 1"
    for op in case["patch"]:
        for path in (op["path"], op.get("from", "")):
            assert pointer(*tokens(path)) == path
            assert tokens(path) == list(jsonpointer.JsonPointer(path).parts)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60
    assert {op["op"] for case in CASES for op in case["patch"] if "op" in op} >= set(MEMBERS)


@given(st.lists(st.text()))
def test_a_pointer_names_the_place_it_was_made_for(names: list[str]) -> None:
    assert tokens(pointer(*names)) == names
    assert list(jsonpointer.JsonPointer(pointer(*names)).parts) == names


@settings(max_examples=400, deadline=None)
@given(op_lists(max_size=10))
def test_the_patch_of_any_change_is_valid_and_leads_exactly_to_the_document_after(wanted: list[Op]) -> None:
    graph = base()
    done = apply(graph, applicable(graph, wanted, 2), rev=2)
    patch = json_patch(graph, done.graph, change_of(done.ops, done.inverse, 2))
    for op in patch:
        assert set(op) == {"op", "path"} | MEMBERS[op["op"]]
        assert op["path"].startswith("/")
    before, after = to_json(graph, 1), to_json(done.graph, 2)
    found = applied(before, patch)
    assert json.dumps(found, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert applied(before, json.loads(json.dumps(patch))) == after, "it survives being sent"
    back = apply(done.graph, done.inverse, rev=3)
    undo = json_patch(done.graph, back.graph, change_of(back.ops, back.inverse, 3))
    assert applied(after, undo) == {**before, "rev": 3}


def test_what_is_moved_into_something_that_is_then_removed_is_gone_from_the_document_too() -> None:
    graph = base()
    ops: list[Op] = [MoveOp(id="p/a", parent="q/view"), RemoveOp(id="q")]
    done = apply(graph, ops, rev=2)
    patch = json_patch(graph, done.graph, change_of(done.ops, done.inverse, 2))
    assert {"op": "remove", "path": "/entities/p~1a"} in patch
    assert applied(to_json(graph, 1), patch) == to_json(done.graph, 2)


def test_a_patch_is_refused_by_any_other_version_than_its_own() -> None:
    graph = base()
    done = apply(graph, [RemoveOp(id="q")], rev=2)
    patch = json_patch(graph, done.graph, change_of(done.ops, done.inverse, 2))
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        applied(to_json(graph, 7), patch)
