"""The stream protocol: what a client sees."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import StreamSession, WorkspaceKernel


class Client:
    """The other end of a session."""

    def __init__(self, kernel: WorkspaceKernel, actor: Actor) -> None:
        self.ready = threading.Condition()
        self.session = StreamSession(kernel, actor, "server", self.wake)
        self.send(type="hello", version=1, token=None)
        self.id = self.read()["viewer"]

    def wake(self) -> None:
        with self.ready:
            self.ready.notify_all()

    def send(self, **frame: Any) -> None:
        self.session.receive(json.dumps(frame))

    def next(self) -> Any:
        """Return the next message that is not about who else is there."""
        while isinstance(message := self.read(), dict) and message["type"] == "presence":
            pass
        return message

    def until(self, wanted: Callable[[Any], bool]) -> Any:
        while not wanted(message := self.read()):
            pass
        return message

    def read(self) -> Any:
        with self.ready:
            while (message := self.session.take()) is None:
                assert self.ready.wait(60), "no message came"
        return json.loads(message) if isinstance(message, str) else message

    def follow(self, panel: str, rev: int | None = None) -> Any:
        self.send(type="subscribe", panel=panel, rev=rev)
        first = self.next()
        if first["type"] in {"snapshot", "gone"}:
            told = self.next()
            assert (told["type"], told["panel"], told["grants"], told["changed"]) == ("grants", panel, [], [])
        return first


@pytest.fixture
def client(kernel: WorkspaceKernel, ann: Actor, counter: str) -> Client:
    kernel.put_panel("counter", counter, ann)
    return Client(kernel, ann)


def trigger(client: Client, request: str = "1") -> None:
    client.send(type="trigger", id=request, panel="counter", action="add", args=[1], event=None, element="plus")


def test_a_click_comes_back_as_a_patch_and_a_result(client: Client) -> None:
    snapshot = client.follow("counter")
    assert (snapshot["type"], snapshot["state"]) == ("snapshot", {"count": 0})
    trigger(client)
    frames = {frame["type"]: frame for frame in (client.next(), client.next())}
    assert frames["patch"]["ops"] == [{"op": "set", "id": "counter/state.count", "attrs": {"value": 1}, "seen": None}]
    assert frames["patch"]["cause"]["element"] == "plus"
    assert frames["result"]["value"] == 1
    assert frames["result"]["problem"] is None


def test_another_client_sees_it_too_in_order_of_rev(client: Client, kernel: WorkspaceKernel, bob: Actor) -> None:
    other = Client(kernel, bob)
    other.follow("counter")
    for _ in range(20):
        trigger(client)
    frames = [other.next() for _ in range(20)]
    assert [frame["rev"] for frame in frames] == sorted(frame["rev"] for frame in frames)
    assert frames[-1]["ops"][0]["attrs"] == {"value": 20}


def test_a_client_that_comes_back_gets_what_it_missed(client: Client, kernel: WorkspaceKernel, bob: Actor) -> None:
    rev = client.follow("counter")["rev"]
    kernel.execution.start("counter", "add", [1], bob).result()
    kernel.execution.start("counter", "add", [1], bob).result()
    back = Client(kernel, bob)
    missed = [back.follow("counter", rev), back.next()]
    assert [(frame["type"], frame["rev"]) for frame in missed] == [("patch", rev + 1), ("patch", rev + 2)]
    ahead = Client(kernel, bob)
    assert ahead.follow("counter", 10_000)["type"] == "snapshot"


def test_a_client_that_reads_too_slowly_gets_a_snapshot_instead_of_memory(
    client: Client, kernel: WorkspaceKernel, bob: Actor
) -> None:
    client.follow("counter")
    for value in range(1, 700):
        kernel.set_state("counter", {"count": value}, bob)
    frames = []
    while True:
        frame = client.next()
        frames.append(frame)
        if frame["type"] == "snapshot" or frame.get("ops", [{}])[0].get("attrs") == {"value": 699}:
            break
    assert len(frames) < 600
    assert frames[-1]["type"] == "snapshot"
    assert frames[-1]["state"] == {"count": 699}


def test_what_is_refused_says_why_and_how(client: Client) -> None:
    client.send(type="set", id="7", panel="counter", name="count", value="many", element=None)
    problem = client.next()["problem"]
    assert problem["code"] == "state"
    assert "must be int" in problem["detail"]
    client.send(type="trigger", id="8", panel="counter", action="nope", args=[], event=None, element=None)
    assert "Its actions: add" in client.next()["problem"]["hint"]
    client.send(type="dance", id="9")
    assert client.next()["problem"]["code"] == "request"
    client.session.receive("no json")
    assert client.next()["type"] == "notice"
    assert client.follow("missing")["type"] == "gone"
    client.send(type="hello", version=99, token=None)
    assert "reload the page" in client.next()["message"]


def test_a_checkout_resets_those_who_follow(client: Client, kernel: WorkspaceKernel, bob: Actor) -> None:
    version = kernel.versions.commit(None, bob)
    client.follow("counter")
    kernel.execution.start("counter", "add", [1], bob).result()
    assert client.next()["type"] == "patch"
    kernel.versions.checkout(version.id, bob)
    frame = client.next()
    assert (frame["type"], frame["state"]) == ("reset", {"count": 0})


def test_pages_come_as_arrow_with_their_numbers(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel(
        "rows",
        '<panel id="rows"><view><table id="t" data="big"/></view><data><frame name="df" from="kernel:df"/>'
        '<state name="least" type="int" default="3"/><query name="big" frame="df" where="row.x >= least"/></data></panel>',
        ann,
    )
    client = Client(kernel, ann)
    client.follow("rows")
    page = {"type": "frame.page", "panel": "rows", "query": "big", "offset": 0, "limit": 2, "order": [], "state": {}}
    client.send(**page, id="1", aggregates=[])
    assert "not bound" in client.next()["problem"]["detail"]
    kernel.bind_frame("df", pa.table({"x": [1, 2, 3, 4, 5]}), ann)
    assert client.next() == {"type": "frame", "name": "df", "rev": kernel.head.rev}
    client.send(**page, id="2", aggregates=[{"fn": "sum", "column": "x"}])
    message = client.next()
    (length,) = struct.unpack(">I", message[:4])
    header = json.loads(message[4 : 4 + length])
    assert (header["total"], header["aggregates"]) == (3, [12.0])
    assert pa.ipc.open_stream(message[4 + length :]).read_all().to_pydict() == {"x": [3, 4]}


def test_only_a_kernel_exposes_functions_and_only_people_grant(kernel: WorkspaceKernel, client: Client) -> None:
    client.send(type="expose", id="1", functions=[{"name": "f"}])
    assert client.next()["problem"]["code"] == "denied"
    asked = '<panel id="asking"><logic><uses cap="net.http" target="https://example.org" why="to ask"/></logic></panel>'
    kernel.put_panel("asking", asked, Actor(id="ann"))
    client.send(type="grant", id="2", panel="asking", cap="net.http", target="https://example.org", seconds=60)
    assert client.next() == {
        "type": "result",
        "id": "2",
        "rev": 2,
        "value": None,
        "problem": None,
        "profile": None,
        "seen": {},
    }
    client.send(type="subscribe", panel="asking", rev=None)
    assert client.next()["type"] == "snapshot"
    assert [grant["cap"] for grant in client.next()["grants"]] == ["net.http"]
    client.send(type="revoke", id="3", panel="asking")
    assert [client.next()["type"] for _ in range(2)] == ["grants", "result"]
    model = Client(kernel, Actor(id="gpt", kind="model"))
    model.send(type="grant", id="4", panel="asking", cap="net.http")
    assert model.next()["problem"]["code"] == "denied"


def test_a_kernel_that_leaves_takes_its_functions_along(kernel: WorkspaceKernel) -> None:
    notebook = Client(kernel, Actor(id="ann", kind="kernel"))
    notebook.send(type="expose", id="1", functions=[{"name": "f"}])
    assert notebook.next()["type"] == "result"
    call = kernel.functions.call("f", {"x": 1})
    sent = notebook.next()
    assert (sent["function"], sent["args"]) == ("f", {"x": 1})
    notebook.send(type="answer", call=sent["call"], value=5)
    assert call.result(timeout=60) == 5
    waiting = kernel.functions.call("f", {})
    notebook.session.close()
    with pytest.raises(NexusError, match="has gone"):
        waiting.result(timeout=60)
    with pytest.raises(NexusError, match="No running notebook"):
        kernel.functions.call("f", {})


def test_those_who_look_at_a_panel_see_each_other_and_where_the_others_are(
    client: Client, kernel: WorkspaceKernel, bob: Actor
) -> None:
    def names(frame: Any) -> dict[str, str | None]:
        return {viewer["user"]["name"]: viewer["element"] for viewer in frame.get("viewers", [])}

    client.follow("counter")
    other = Client(kernel, bob)
    other.follow("counter")
    seen = client.until(lambda frame: names(frame) == {"Ann": None, "Bob": None})
    assert {viewer["id"] for viewer in seen["viewers"]} == {client.id, other.id}
    other.send(type="focus", panel="counter", element="plus")
    client.until(lambda frame: names(frame) == {"Ann": None, "Bob": "plus"})
    other.session.close()
    left = client.until(lambda frame: frame["type"] == "presence" and "Bob" not in names(frame))
    assert left["count"] == 1
    assert kernel.presence.of("counter").count == 1


def test_a_hundred_who_look_are_told_of_some_and_of_the_number(client: Client, kernel: WorkspaceKernel) -> None:
    others = [Client(kernel, Actor(id=f"u{i}", name=f"U{i}")) for i in range(100)]
    for other in others:
        other.send(type="subscribe", panel="counter", rev=None)
    client.follow("counter")
    seen = client.until(lambda frame: frame["type"] == "presence" and frame["count"] == 101)
    assert 1 < len(seen["viewers"]) <= 32
    for other in others:
        other.session.close()
    client.until(lambda frame: frame["type"] == "presence" and frame["count"] == 1)


def test_what_an_undo_left_is_told(client: Client, kernel: WorkspaceKernel, ann: Actor, bob: Actor) -> None:
    client.follow("counter")
    kernel.set_state("counter", {"count": 3}, ann)
    kernel.edit("counter", kernel.reactor.patch('<patch panel="counter"><set id="plus" label="More"/></patch>'), ann)
    kernel.edit("counter", kernel.reactor.patch('<patch panel="counter"><set id="plus" label="Most"/></patch>'), bob)
    client.send(type="undo", id="1", panel="counter", redo=False)
    result = client.until(lambda frame: frame["type"] == "result")
    assert "label of 'plus' was left as it is: Bob" in result["value"][0]
    assert kernel.panel("counter").state == {"count": 0}


def test_who_comes_back_while_others_change_things_is_told_of_each_change_once_and_in_order(
    kernel: WorkspaceKernel, counter: str, ann: Actor, bob: Actor
) -> None:
    kernel.put_panel("counter", counter, ann)
    done = threading.Event()

    def change() -> None:
        for number in range(400):
            kernel.set_state("counter", {"count": number + 1}, bob)
        done.set()

    others = threading.Thread(target=change)
    others.start()
    clients: list[tuple[int, Client]] = []
    while not done.is_set():
        known = max(1, kernel.head.rev - 3)
        clients.append((known, Client(kernel, ann)))
        clients[-1][1].send(type="subscribe", panel="counter", rev=known)
    others.join()
    for known, client in clients:
        told: list[int] = []
        while not told or told[-1] < kernel.head.rev:
            message = client.read()
            if message["type"] == "patch":
                told.append(message["rev"])
        client.session.close()
        assert told == list(range(known + 1, kernel.head.rev + 1))
