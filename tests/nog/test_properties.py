"""What holds of every patch, whatever is in it."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.protocol.errors import ConflictError, PatchError
from nexus_jupyter.protocol.graph import ENTITY_TYPES, RELATION_ENDS, Entity, EntityType, Relation, relation_allowed
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change, InsertOp, LinkOp, MoveOp, Op, RemoveOp, SetOp
from tests.nog.graphs import base, op_lists, plain


def applicable(graph: Graph, ops: list[Op], rev: int) -> list[Op]:
    """Those of the ops that apply, one after the other."""
    taken: list[Op] = []
    for op in ops:
        try:
            graph = apply(graph, [op], rev=rev).graph
        except PatchError:
            continue
        taken.append(op)
    return taken


@settings(max_examples=400, deadline=None)
@given(op_lists(max_size=12))
def test_a_patch_and_its_inverse_leave_everything_as_it_was(wanted: list[Op]) -> None:
    graph = base()
    applied = apply(graph, applicable(graph, wanted, 2), rev=2)
    assert plain(apply(applied.graph, applied.inverse, rev=3).graph) == plain(graph)
    assert plain(apply(graph, applied.ops, rev=2).graph) == plain(applied.graph)
    for key, record in applied.graph.records.items():
        assert all(key in applied.graph.records[end].into[rel] for rel, ends in record.out.items() for end in ends)
        assert all(key in applied.graph.records[end].out[rel] for rel, ends in record.into.items() for end in ends)


@settings(max_examples=200, deadline=None)
@given(op_lists(max_size=8), st.integers(0, 8))
def test_a_patch_with_one_op_that_fails_changes_nothing_and_names_the_op(wanted: list[Op], at: int) -> None:
    graph = base()
    good = applicable(graph, wanted, 2)
    place = min(at, len(good))
    before = plain(graph)
    with pytest.raises(PatchError, match=rf"^Op {place + 1} of {len(good) + 1} \(set nothing\): ") as caught:
        apply(graph, [*good[:place], SetOp(id="nothing", attrs={"n": 1}), *good[place:]], rev=2)
    assert caught.value.index == place
    assert plain(graph) == before


@settings(max_examples=200, deadline=None)
@given(op_lists(("p",)), op_lists(("q",)))
def test_patches_of_different_panels_commute(first: list[Op], second: list[Op]) -> None:
    graph = base()
    one, two = applicable(graph, first, 2), applicable(graph, second, 2)
    there = apply(apply(graph, one, rev=2).graph, two, rev=2).graph
    back = apply(apply(graph, two, rev=2).graph, one, rev=2).graph
    assert plain(there) == plain(back)


@settings(max_examples=100, deadline=None)
@given(st.lists(op_lists(max_size=5), max_size=8))
def test_a_journal_replayed_is_the_live_graph_with_its_revs(patches: list[list[Op]]) -> None:
    live, rows, rev = base(), list[str](), 1
    for wanted in patches:
        applied = apply(live, applicable(live, wanted, rev + 1), rev=rev + 1)
        if not applied.ops:
            continue
        rev += 1
        live = applied.graph
        change = Change(
            workspace="w",
            rev=rev,
            ts=rev,
            actor=Actor(id="ann"),
            cause=Cause(kind="edit"),
            panel=None,
            ops=applied.ops,
            inverse=applied.inverse,
        )
        rows.append(change.model_dump_json())
    replayed = base()
    for row in rows:
        change = Change.model_validate_json(row)
        replayed = apply(replayed, change.ops, rev=change.rev).graph
    assert plain(replayed) == plain(live)
    assert {key: dict(r.touched) for key, r in replayed.records.items()} == {
        key: dict(r.touched) for key, r in live.records.items()
    }


# What may relate to what


def pair(relation: Relation, source: EntityType, target: EntityType) -> tuple[Graph, Op]:
    ops: list[Op] = [InsertOp(entity=Entity(id="s", type=source)), InsertOp(entity=Entity(id="t", type=target))]
    if relation == "contains":
        return apply(Graph(), ops[:1], rev=1).graph, InsertOp(entity=Entity(id="t", type=target, parent="s"))
    return apply(Graph(), ops, rev=1).graph, LinkOp(source="s", relation=relation, target="t")


@pytest.mark.parametrize("relation", RELATION_ENDS)
def test_each_relation_is_made_between_the_types_it_is_declared_for_and_refused_between_all_others(
    relation: Relation,
) -> None:
    made = 0
    for source in ENTITY_TYPES:
        for target in ENTITY_TYPES:
            graph, op = pair(relation, source, target)
            if relation_allowed(relation, source, target):
                made += bool(apply(graph, [op], rev=2).ops)
                continue
            with pytest.raises(PatchError, match=r"^Op 1 of 1 \(.*\): .* can") as caught:
                apply(graph, [op], rev=2)
            assert caught.value.index == 0
            if relation != "contains":
                assert caught.value.hint.startswith("It goes from "), "what would be right is said"
    assert made > 0


def test_columns_stand_in_frames_only_panels_in_no_panel_and_nobody_writes_a_person() -> None:
    assert relation_allowed("contains", "Frame", "Column")
    assert not relation_allowed("contains", "Element", "Column")
    assert not relation_allowed("contains", "Frame", "Element")
    assert not relation_allowed("contains", "Element", "Panel")
    assert relation_allowed("contains", "Panel", "Conflict")
    assert not relation_allowed("authoredBy", "User", "User")


@settings(max_examples=200, deadline=None)
@given(op_lists(max_size=10))
def test_no_patch_makes_a_relation_that_is_not_declared(wanted: list[Op]) -> None:
    graph = apply(base(), applicable(base(), wanted, 2), rev=2).graph
    for edge in graph.edges():
        assert relation_allowed(edge.relation, graph.entity(edge.source).type, graph.entity(edge.target).type)
    for record in graph.records.values():
        for child in record.children:
            assert relation_allowed("contains", record.entity.type, graph.entity(child).type)


# Edits that were made by looking at an older version

_EDITS = 10_000


def listed(count: int) -> Graph:
    ops: list[Op] = [InsertOp(entity=Entity(id="p", type="Panel"))]
    ops += [
        InsertOp(entity=Entity(id=f"c{i}", type="Element", parent="p", attrs={"label": f"L{i}", "uid": i}))
        for i in range(count)
    ]
    return apply(Graph(), ops, rev=1).graph


def someone_else(graph: Graph, chance: random.Random, fresh: int, rev: int) -> Graph:
    """An edit of the list by a person; now and then a new thing gets the name of one that went."""
    children = graph.record("p").children
    victim = chance.choice(children)
    kind = chance.choice(["insert", "remove", "move", "set", "reuse"])
    if kind == "insert":
        entity = Entity(id=f"n{fresh}", type="Element", parent="p", attrs={"label": "new", "uid": fresh})
        return apply(graph, [InsertOp(entity=entity, before=victim)], rev=rev).graph
    if kind == "remove":
        return apply(graph, [RemoveOp(id=victim)], rev=rev).graph
    if kind == "move":
        other = chance.choice([child for child in children if child != victim])
        return apply(graph, [MoveOp(id=victim, parent="p", before=other)], rev=rev).graph
    if kind == "set":
        return apply(graph, [SetOp(id=victim, attrs={"label": f"theirs {fresh}"})], rev=rev).graph
    entity = Entity(id=victim, type="Element", parent="p", attrs={"uid": fresh})
    return apply(graph, [RemoveOp(id=victim), InsertOp(entity=entity)], rev=rev).graph


def test_ten_thousand_stale_edits_by_id_never_change_the_wrong_thing(capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(6902)
    start = listed(20)
    by_id = dict.fromkeys(("right", "wrong", "refused"), 0)
    by_index = dict.fromkeys(("right", "wrong", "refused"), 0)
    for number in range(_EDITS):
        index = chance.randrange(20)
        target = start.record("p").children[index]
        meant = start.entity(target).attrs["uid"]
        attr = chance.choice(["label", "note"])
        now = start
        for step in range(chance.randint(1, 3)):
            now = someone_else(now, chance, 1000 + 10 * number + step, step + 2)
        # By the place in the list that the edit was made by, as an index path of RFC 6902 says it.
        children = now.record("p").children
        found = now.entity(children[index]).attrs["uid"] if index < len(children) else None
        by_index["refused" if found is None else "right" if found == meant else "wrong"] += 1
        # By id, with the rev that was looked at.
        try:
            after = apply(now, [SetOp(id=target, attrs={attr: "mine"}, seen=1)], rev=9).graph
        except (ConflictError, PatchError):
            by_id["refused"] += 1
            continue
        changed = [key for key, record in after.records.items() if record is not now.records.get(key)]
        right = changed == [target] and after.entity(target).attrs["uid"] == meant
        by_id["right" if right else "wrong"] += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{_EDITS} stale edits: by id {by_id}; by index {by_index}\n")
    assert by_id["wrong"] == 0
    assert by_id["right"] > 0.8 * _EDITS
    assert by_index["wrong"] > 0.3 * _EDITS
