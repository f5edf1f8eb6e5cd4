"""A row of the journal costs what changed, and every reader of rows gets whole values."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_jupyter.engine import Engine
from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.identity import SYSTEM, Actor
from nexus_jupyter.protocol.patch import Cause, Change, InsertOp, Op, RemoveOp, SetOp, UnsetOp
from nexus_jupyter.storage import Journal, open_database
from nexus_jupyter.storage.journal import _row, entry_of
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions, read_file, verify
from tests.nog.test_sharing import exact

TODO = """
<panel xmlns="urn:nexus:nxml:1" id="todo" title="To do">
  <view><text id="t">to do</text></view>
  <data><state name="items" type="list" default="[]"/></data>
  <logic><action name="flip" params="at: int = 0">state.items[at].done = !state.items[at].done;</action></logic>
</panel>
"""
LISTS = st.lists(st.sampled_from([{"id": at, "title": "a title of some length"} for at in range(6)]), max_size=12)
VALUES = LISTS | st.text(max_size=80) | st.integers()
IDS, NAMES = st.sampled_from(["a", "b"]), st.sampled_from(["value", "nxml"])
OPS = st.one_of(
    st.builds(lambda id_, name, value: SetOp(id=id_, attrs={name: value, "other": 1}), IDS, NAMES, VALUES),
    st.builds(lambda id_, name: UnsetOp(id=id_, names=[name]), IDS, NAMES),
    st.builds(lambda id_: RemoveOp(id=id_), IDS),
    st.builds(lambda id_, value: InsertOp(entity=Entity(id=id_, type="Panel", attrs={"value": value})), IDS, VALUES),
)


def items(count: int) -> list[JsonValue]:
    return [{"id": at, "title": f"Item {at} of the list", "done": False} for at in range(count)]


def flipped(value: list[JsonValue], at: int) -> list[JsonValue]:
    return [*value[:at], {**value[at], "done": True}, *value[at + 1 :]]  # type: ignore[dict-item] # a dict


def made(rev: int, ops: list[Op], inverse: list[Op]) -> Change:
    return Change(
        workspace="w", rev=rev, ts=rev, actor=SYSTEM, cause=Cause(kind="edit"), panel="p", ops=ops, inverse=inverse
    )


@given(st.lists(st.lists(OPS, max_size=5), max_size=6))
def test_what_a_row_holds_does_and_undoes_what_the_change_did(changes: list[list[Op]]) -> None:
    graph = apply(Graph(), [InsertOp(entity=Entity(id=one, type="Panel")) for one in "ab"], rev=1).graph
    for rev, wanted in enumerate(changes, 2):
        ops: list[Op] = []
        draft = graph
        for op in wanted:  # those that fit
            there = (op.entity.id if isinstance(op, InsertOp) else op.id) in draft
            if there != isinstance(op, InsertOp):
                draft = apply(draft, [op], rev=rev).graph
                ops.append(op)
        applied = apply(graph, ops, rev=rev)
        entry = entry_of(_row(made(rev, applied.ops, applied.inverse)))
        assert len(entry.ops) == len(applied.ops)
        again = apply(graph, entry.redo(graph), rev=rev).graph
        back = apply(again, entry.undo(again), rev=rev).graph
        whole = entry.whole(lambda one, name, then=graph: then.entity(one).attrs[name])  # type: ignore[misc] # bound
        assert attrs(apply(graph, whole.ops, rev=rev).graph) == attrs(again) == attrs(applied.graph)
        assert attrs(apply(again, whole.inverse, rev=rev).graph) == attrs(back) == attrs(graph)
        graph = applied.graph


def attrs(graph: Graph) -> dict[str, list[str]]:
    found = {entity.id: entity.attrs for entity in graph.of_type("Panel")}
    return {one: sorted(f"{name}: {exact(value)}" for name, value in given.items()) for one, given in found.items()}


@pytest.fixture
def kernel(tmp_path: Path, engine: Engine) -> WorkspaceKernel:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=WorkspaceOptions(checkpoint_every=7))
    kernel.put_panel("todo", TODO, Actor(id="ann"))
    return kernel


def sizes(kernel: WorkspaceKernel) -> list[int]:
    return [len(row["ops"]) + len(row["inverse"]) for row in kernel.journal.rows()]


def test_a_click_on_an_item_costs_the_item_however_long_the_list_is(kernel: WorkspaceKernel) -> None:
    ann, costs = Actor(id="ann"), []
    for count in (10, 500, 5000):
        kernel.set_state("todo", {"items": items(count)}, ann)
        kernel.execution.start("todo", "flip", {"at": count // 2}, ann).result()
        kernel.undo("todo", ann)
        kernel.undo("todo", ann, redo=True)
        costs.append(sizes(kernel)[-3:])
    # Numbers of more digits are longer.
    assert max(map(max, costs)) < min(map(min, costs)) + 20 < 400
    kernel.close()


def test_every_reader_of_the_journal_gets_whole_values(kernel: WorkspaceKernel, engine: Engine) -> None:
    ann, value, expected = Actor(id="ann"), items(300), list[list[JsonValue]]()
    kernel.set_state("todo", {"items": value}, ann)
    first = kernel.head.rev
    for at in range(20):
        value = flipped(value, at)
        expected.append(value)
        kernel.set_state("todo", {"items": value}, ann)
        kernel.put_panel("other", f'<panel id="other" title="{at}"/>', ann)
    folder = kernel.folder.root
    kernel.close()
    assert max(sizes_of(folder)[first:]) < 5000
    assert verify(read_file(folder / ".nexus" / "journal.db")).faults == ()
    # A journal by itself, and one of a workspace, which has versions at hand; all changes, and some.
    alone = Journal(open_database(f"sqlite:///{folder / '.nexus' / 'journal.db'}"), key_of(folder))
    kernel = WorkspaceKernel(folder, engine=engine)
    for journal in (alone, kernel.journal):
        for panel in ("todo", None):
            for after in (0, first, first + 11, first + 32):
                found = [
                    (op.attrs["value"], back.attrs["value"])
                    for change in journal.read(after=after, panel=panel)
                    if change.panel == "todo"
                    for op, back in zip(change.ops, change.inverse, strict=False)
                    if change.rev > first and isinstance(op, SetOp) and isinstance(back, SetOp)
                ]
                wanted = [*zip(expected, [items(300), *expected], strict=False)]
                assert found == wanted[len(wanted) - len(found) :]
                assert len(found) == 20 - max(0, after - first + 1) // 2
    assert kernel.writer.at(first + 6).entity("todo/state.items").attrs["value"] == expected[2]
    kernel.undo("todo", ann)
    assert kernel.panel("todo").state["items"] == expected[-2]
    kernel.close()
    alone.close()


def test_rows_that_nobody_was_told_of_yet_are_read_too(kernel: WorkspaceKernel) -> None:
    kernel.set_state("todo", {"items": items(50)}, Actor(id="ann"))
    rev, values = kernel.head.rev, [items(50), flipped(items(50), 1), flipped(items(50), 2)]
    ops = [SetOp(id="todo/state.items", attrs={"value": value}) for value in values]
    # As the writer does it, before it shows them.
    kernel.journal.append(
        [
            made(rev + number, [ops[number]], [ops[number - 1]]).model_copy(update={"workspace": kernel.store.key})
            for number in (1, 2)
        ]
    )
    read = list(kernel.journal.read(after=rev + 1))
    assert [op.attrs["value"] for op in read[0].ops if isinstance(op, SetOp)] == [values[2]]


def sizes_of(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / ".nexus" / "journal.db")) as connection:
        query = "SELECT length(ops) + length(inverse) FROM journal ORDER BY rev"
        return [size for (size,) in connection.execute(query)]


def key_of(folder: Path) -> str:
    with closing(sqlite3.connect(folder / ".nexus" / "journal.db")) as connection:
        return str(connection.execute("SELECT workspace FROM journal").fetchone()[0])


def test_rows_with_whole_values_and_rows_with_differences_stand_beside_each_other(
    kernel: WorkspaceKernel, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, value = Actor(id="ann"), items(100)
    with monkeypatch.context() as before:
        before.setattr("nexus_jupyter.storage.journal.packed", lambda change: (change.ops, change.inverse))
        kernel.set_state("todo", {"items": value}, ann)
        kernel.set_state("todo", {"items": flipped(value, 3)}, ann)
    kernel.set_state("todo", {"items": flipped(flipped(value, 3), 4)}, ann)
    kernel.close()
    assert sizes_of(kernel.folder.root)[-2] > 20 * sizes_of(kernel.folder.root)[-1]
    kernel = WorkspaceKernel(kernel.folder.root, engine=engine)
    for expected in (flipped(value, 3), value, []):
        kernel.undo("todo", ann)
        assert kernel.panel("todo").state["items"] == expected
    kernel.close()


def test_a_difference_that_does_not_fit_is_damage_and_named(database: str) -> None:
    journal = Journal(open_database(database), "w")
    inserted = InsertOp(entity=Entity(id="p", type="Panel", attrs={"value": items(50)}))
    journal.append([made(1, [inserted], [RemoveOp(id="p")])])
    wrong: list[Op] = [SetOp(id="q", attrs={"value": flipped(items(50), 9)})]
    journal.append([made(2, wrong, [SetOp(id="q", attrs={"value": items(50)})])])
    assert json.loads(next(iter(journal.rows(after=1)))["ops"])[0]["op"] == "edit"
    with pytest.raises(StorageError, match="rev 2 does not follow from what was before it"):
        list(journal.read())
