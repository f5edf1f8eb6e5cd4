"""What a long run costs in memory: versions of the past, and what else remembers changes, are bounded by bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import HandlerError, QuotaError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.sandbox import RunLimits
from nexus_jupyter.workspace import Quotas, WorkspaceKernel, WorkspaceOptions

ANN = Actor(id="ann", name="Ann")
ITEMS, CLICKS = 300, 30
TODO = """
<panel xmlns="urn:nexus:nxml:1" id="todo" title="To do">
  <view><text id="t">to do</text></view>
  <data><state name="items" type="list" default="[]"/></data>
  <logic>
    <action name="flip" params="at: int = 0">state.items[at].done = !state.items[at].done;</action>
    <action name="add" params="title: str">state.items.push({id: state.items.length, title, done: false});</action>
    <action name="drop" params="at: int">state.items.splice(at, 1);</action>
  </logic>
</panel>
"""
NOTE = """
<panel xmlns="urn:nexus:nxml:1" id="note" title="Note">
  <view><text id="t">{text}</text></view>
  <data><state name="text" type="str" default=""/></data>
</panel>
"""


@pytest.fixture
def items() -> list[object]:
    return [{"id": i, "title": f"Item number {i} of the list", "done": False} for i in range(ITEMS)]


def memory(values: Iterable[object]) -> int:
    """Return the bytes that values take together; what they share counts once."""
    known: dict[int, object] = {}
    stack = list(values)
    while stack:
        one = stack.pop()
        if id(one) not in known:
            known[id(one)] = one
            stack += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return sum(sys.getsizeof(one) for one in known.values())


def value(graph: Graph) -> object:
    return graph.entity("todo/state.items").attrs["value"]


def test_a_change_of_one_item_costs_the_item_and_the_references_of_its_list(
    tmp_path: Path, engine: Engine, items: list[object]
) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    kernel.put_panel("todo", TODO, ANN)
    kernel.set_state("todo", {"items": items}, ANN)  # type: ignore[dict-item] # JSON
    first = kernel.head.rev
    for at in range(CLICKS):
        kernel.execution.start("todo", "flip", {"at": at}, ANN).result()
    kernel.execution.start("todo", "add", {"title": "new"}, ANN).result()
    kernel.execution.start("todo", "drop", {"at": 3}, ANN).result()
    kernel.set_state("todo", {"items": list(reversed(items))}, ANN)  # type: ignore[dict-item] # JSON
    kernel.undo("todo", ANN)
    versions = [value(kernel.writer.at(rev)) for rev in range(first, kernel.head.rev + 1)]
    one = memory(versions[:1])
    assert memory(versions) < one + len(versions) * (ITEMS * 8 + 2000)
    for at, version in enumerate(versions[: CLICKS + 1]):
        assert version == [{**item, "done": index < at} for index, item in enumerate(items)]  # type: ignore[dict-item]
    assert versions[-1] == versions[-3]
    kernel.close()


def test_changes_that_undo_reads_from_the_journal_share_their_values(
    tmp_path: Path, engine: Engine, items: list[object]
) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    kernel.put_panel("todo", TODO, ANN)
    kernel.set_state("todo", {"items": items}, ANN)  # type: ignore[dict-item] # JSON
    one = memory([value(kernel.head.graph)])
    for at in range(CLICKS):
        kernel.execution.start("todo", "flip", {"at": at}, ANN).result()
    kernel.close()
    again = WorkspaceKernel(tmp_path / "ws", engine=engine)
    again.undo("todo", ANN)
    changes = again._undoing._recent.of("todo")
    values = [
        op.attrs["value"] for change in changes for op in (*change.ops, *change.inverse) if op.op == "set" and op.attrs
    ]
    assert len(values) > 2 * CLICKS
    assert memory(values) < 2 * one + len(values) * (ITEMS * 8 + 2000)
    again.close()


def test_versions_are_kept_up_to_a_number_of_bytes_and_older_ones_are_made_again(
    tmp_path: Path, engine: Engine
) -> None:
    options = WorkspaceOptions(versions_bytes=1 << 20, checkpoint_bytes=2 << 20)
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    kernel.put_panel("note", NOTE, ANN)
    first = kernel.head.rev
    for number in range(1, 61):
        kernel.set_state("note", {"text": f"{number} " * 25_000}, ANN)
    timeline = kernel.store.timeline

    def held(versions: Iterable[int]) -> int:
        found = [kernel.writer.at(rev) for rev in versions]
        return memory(graph.entity("note/state.text").attrs.get("value") for graph in found if "note" in graph)

    assert held(timeline._recent) < (1 << 20)
    for rev in (first + 5, first + 30, first + 1, first + 59):
        read = str(kernel.writer.at(rev).entity("note/state.text").attrs["value"])
        assert read.split(" ", 1)[0] == str(rev - first)
        assert held(list(timeline._older)) < (1 << 20)
    kernel.close()


def test_texts_of_changes_are_remembered_up_to_a_number_of_characters(tmp_path: Path, engine: Engine) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    kernel.put_panel("todo", TODO, ANN)
    for number in range(20):
        change = kernel.set_state("todo", {"items": [str(number) * 1_000_000]}, ANN)
        assert change is not None
        assert str(number) * 1_000_000 in kernel.texts.text("todo", change, kernel.head, "ann")
    assert sum(map(len, kernel.texts._texts.values())) <= 10 << 20
    kernel.close()


def test_one_limit_holds_for_a_states_value_whoever_gives_it(tmp_path: Path, engine: Engine) -> None:
    quotas = Quotas(state_value_bytes=600_000)
    options = WorkspaceOptions(limits=RunLimits(Limits(output_bytes=100_000)), quotas=quotas)
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    kernel.put_panel("todo", TODO, ANN)
    large: list[JsonValue] = [{"id": i, "title": f"{i:400}", "done": False} for i in range(1350)]
    kernel.set_state("todo", {"items": large}, ANN)
    # What Python may give, an action may change.
    kernel.execution.start("todo", "flip", {"at": 7}, ANN).result()
    assert kernel.panel("todo").state["items"][7]["done"] is True  # type: ignore[index, call-overload] # a list
    named = r"The state 'items' of 'todo' would take [\d,]+ bytes, and may take 600,000"
    with pytest.raises(QuotaError, match=named) as refused:
        kernel.set_state("todo", {"items": [*large, "x" * 60_000]}, ANN)
    assert "NexusApp.quota_state_value_bytes" in refused.value.hint
    with pytest.raises(QuotaError, match=named):
        kernel.execution.start("todo", "add", {"title": "x" * 60_000}, ANN).result()
    with pytest.raises(HandlerError, match="more than the 700,000 bytes") as stopped:
        kernel.execution.start("todo", "add", {"title": "x" * 200_000}, ANN).result()
    assert "NexusApp.quota_state_value_bytes" in stopped.value.hint
    kernel.close()


def test_a_value_from_before_the_limit_may_shrink(tmp_path: Path, engine: Engine) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    kernel.put_panel("note", NOTE, ANN)
    kernel.set_state("note", {"text": "x" * 200_000}, ANN)
    kernel.close()
    options = WorkspaceOptions(quotas=Quotas(state_value_bytes=100_000))
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    kernel.set_state("note", {"text": "x" * 150_000}, ANN)
    with pytest.raises(QuotaError, match="may take 100,000"):
        kernel.set_state("note", {"text": "x" * 150_001}, ANN)
    kernel.close()
