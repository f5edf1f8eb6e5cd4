"""Tables of the object graph in panels: who may see them, what is in them, and how they stay up to date."""

from __future__ import annotations

import struct
import threading
from typing import Any

import pyarrow as pa
import pytest

from nexus_jupyter.notebook.graphpanel import graph_panel
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.graphframes import graph_table
from tests.workspace.test_session import Client


@pytest.fixture
def watched(kernel: WorkspaceKernel, ann: Actor, counter: str) -> WorkspaceKernel:
    kernel.put_panel("counter", counter, ann)
    kernel.put_panel("graph", graph_panel("graph"), ann)
    return kernel


def rows(client: Client, query: str, **state: Any) -> list[dict[str, Any]] | dict[str, Any]:
    known = {"chosen": "", "kinds": ["Panel", "State", "Action", "Element"], **state}
    client.send(
        type="frame.page",
        id="r",
        panel="graph",
        query=query,
        offset=0,
        limit=200,
        order=[],
        aggregates=[],
        state=known,
        marks=None,
    )
    while True:
        answer = client.next()
        if isinstance(answer, bytes):
            (length,) = struct.unpack_from(">I", answer)
            return pa.ipc.open_stream(answer[4 + length :]).read_all().to_pylist()
        if answer["type"] == "result":
            return dict(answer["problem"])


def test_a_panel_sees_the_graph_only_once_it_may_read_all_panels(watched: WorkspaceKernel, ann: Actor) -> None:
    client = Client(watched, ann)
    client.follow("graph")
    refused = rows(client, "nodes")
    assert isinstance(refused, dict)
    assert refused["code"] == "denied"
    watched.permissions.grant("graph", "panel.read", "counter", ann)
    one = rows(client, "nodes")
    assert isinstance(one, dict), "leave to read one panel is none to read all"
    watched.permissions.grant("graph", "panel.read", None, ann)
    found = rows(client, "nodes")
    assert isinstance(found, list)
    assert [row["id"] for row in found] == ["counter", "graph"]
    watched.permissions.revoke("graph", "panel.read", None, ann)
    assert isinstance(rows(client, "nodes"), dict)


def test_the_chosen_things_panel_is_opened_with_its_relations_and_causes(watched: WorkspaceKernel, ann: Actor) -> None:
    client = Client(watched, ann)
    client.follow("graph")
    watched.permissions.grant("graph", "panel.read", None, ann)
    watched.execution.start("counter", "add", [2], ann, via="click", element="plus").result()
    chosen = "counter/state.count"
    nodes, edges = rows(client, "nodes", chosen=chosen), rows(client, "edges", chosen=chosen)
    assert isinstance(nodes, list)
    assert isinstance(edges, list)
    assert nodes[0]["id"] == chosen, "what is chosen comes first"
    assert {"counter", "counter/plus", "counter/action.add"} <= {row["id"] for row in nodes}
    assert "graph" not in {row["id"] for row in nodes}
    assert {"from": "counter/action.add", "to": chosen, "relation": "writes"} in edges
    causes, attributes = rows(client, "causes", chosen=chosen), rows(client, "attributes", chosen=chosen)
    assert isinstance(causes, list)
    assert isinstance(attributes, list)
    assert causes[0]["title"] == "The action 'add' in 'counter', started by a click on 'plus' of Ann"
    assert {"name": "value", "value": "2", "rev": watched.head.rev, "by": "Ann"} in attributes
    panels = rows(client, "edges", chosen=chosen, kinds=["Panel", "State"])
    assert panels == [{"from": "counter", "to": chosen, "relation": "contains"}], "what is not drawn is bridged"


def test_whoever_looks_at_the_graph_is_told_of_each_change_and_others_are_not(
    watched: WorkspaceKernel, ann: Actor
) -> None:
    looking, other = Client(watched, ann), Client(watched, ann)
    looking.follow("graph")
    other.follow("counter")
    change = watched.set_state("counter", {"count": 5}, ann)
    assert change is not None
    assert looking.next() == {"type": "frame", "name": "nog:", "rev": change.rev}
    assert other.next()["type"] == "patch"
    assert other.session.take() is None


def test_two_people_who_have_chosen_different_things_never_get_each_others_rows(
    watched: WorkspaceKernel, ann: Actor
) -> None:
    wrong: list[object] = []

    def look(client: Client, chosen: str) -> None:
        for _ in range(25):
            found = rows(client, "nodes", chosen=chosen)
            if not isinstance(found, list) or found[0]["id"] != chosen:
                wrong.append(found)

    people = [(Client(watched, ann), "counter"), (Client(watched, Actor(id="bob")), "graph")]
    for client, _ in people:
        client.follow("graph")
    watched.permissions.grant("graph", "panel.read", None, ann)
    threads = [threading.Thread(target=look, args=one) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_is_left_out_is_counted(watched: WorkspaceKernel) -> None:
    def table(**args: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = graph_table(watched.graphs, "nodes", list(args.items())).to_pylist()
        return found

    whole = table(around="counter")
    assert {row["hidden"] for row in whole} == {0}
    cut = table(around="counter", most=3)
    assert len(cut) == 3
    assert {row["hidden"] for row in cut} == {len(whole) - 3}
    with pytest.raises(FrameError, match="takes around, types, most"):
        table(about="counter")
