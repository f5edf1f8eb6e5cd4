"""Edits that carry the rev they were made by looking at."""

from __future__ import annotations

import pytest

from nexus_jupyter.nog import apply
from nexus_jupyter.protocol.errors import ConflictError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, RemoveOp, SetOp
from tests.nog.graphs import base

NEW = InsertOp(entity=Entity(id="p/new", type="Element", parent="p/view", attrs={"tag": "text"}))


def test_an_edit_meant_for_what_had_the_id_before_does_not_reach_what_has_it_now() -> None:
    graph = apply(base(), [RemoveOp(id="p/a")], rev=5).graph
    again = Entity(id="p/a", type="Element", parent="p/view", attrs={"tag": "text"})
    graph = apply(graph, [InsertOp(entity=again)], rev=6).graph
    with pytest.raises(ConflictError, match="was made in rev 6, after the rev 4"):
        apply(graph, [SetOp(id="p/a", attrs={"label": "mine"}, seen=4)], rev=7)
    with pytest.raises(ConflictError, match="was made in rev 6"):
        apply(graph, [LinkOp(source="p/a", relation="reads", target="p/state.s", seen=4)], rev=7)
    assert apply(graph, [SetOp(id="p/a", attrs={"label": "mine"}, seen=6)], rev=7).ops


def test_a_patch_may_edit_what_it_has_itself_made_or_changed() -> None:
    ops = [
        NEW,
        SetOp(id="p/new", attrs={"label": "one"}, seen=1),
        SetOp(id="p/new", attrs={"label": "two"}, seen=1),
        LinkOp(source="p/new", relation="reads", target="p/state.s", seen=1),
    ]
    assert apply(base(), ops, rev=2).graph.entity("p/new").attrs["label"] == "two"
