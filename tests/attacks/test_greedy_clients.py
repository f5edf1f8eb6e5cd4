"""A client, or a panel that it shows, takes more of the server than its share.

Attacker: a page that asks and does not read the answers, that starts runs and leaves, that uploads files and has them
refused; a panel whose interval uses the processor without end.

What must hold: what waits for one client is bounded in bytes and in number; work that was asked for and has not begun
ends with who asked for it; an interval leaves nine tenths of a core to the others, and one that fails is tried ever
more rarely.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from nexus_jupyter.mcp.panels import _name
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.protocol.stream import EffectFrame
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.outbox import Outbox
from tests.workspace.test_session import Client

SPINNING = """<panel id="spin">
  <data><state name="n" type="int" default="0"/></data>
  <logic>
    <lifecycle on="interval" every="250" run="spin()"/>
    <action name="spin">{body}</action>
  </logic>
</panel>"""
SLOW = """<panel id="slow">
  <data><state name="n" type="int" default="0"/></data>
  <logic><action name="wait">for (let i = 0; i < 3e7; i++) {} state.n += 1;</action></logic>
</panel>"""


def _until(met: Callable[[], bool]) -> None:
    while not met():
        threading.Event().wait(0.01)


def test_what_a_client_leaves_unread_is_bounded_in_bytes_whatever_it_is() -> None:
    outbox = Outbox(lambda: None, most=10_000)
    note = EffectFrame(kind="notify", panel="p", name="info", data="x" * 900).model_dump_json()
    for _ in range(8):
        outbox.put(note)
    assert not outbox.overrun
    for _ in range(100_000):
        outbox.put(note)
        outbox.keep(b"x" * 900)
        outbox.offer([note])
    assert outbox.overrun
    assert outbox.take() is None, "nothing is kept for a connection that ends"


def test_a_client_that_asks_faster_than_it_is_answered_is_not_listened_to(
    kernel: WorkspaceKernel, ann: Actor, counter: str
) -> None:
    kernel.put_panel("counter", counter, ann)
    client = Client(kernel, ann)
    with kernel.writer.paused():  # nothing is answered meanwhile
        client.send(type="set", id="0", panel="counter", name="count", value=1)
        asked = 1
        while not client.session.full:
            client.send(type="set", id=str(asked), panel="counter", name="count", value=1)
            asked += 1
    assert asked < 1000
    _until(lambda: not client.session.full)


def test_runs_that_have_not_begun_end_with_the_client_that_asked_for_them(kernel: WorkspaceKernel, ann: Actor) -> None:
    kernel.put_panel("slow", SLOW, ann)
    client = Client(kernel, ann)
    for number in range(64):
        client.send(type="trigger", id=str(number), panel="slow", action="wait")
    client.send(type="trigger", id="one too many", panel="slow", action="wait")
    assert client.until(lambda frame: frame.get("id") == "one too many")["problem"]["code"] == "quota"
    client.session.close()
    _until(lambda: not kernel.execution.tasks)
    assert kernel.panel("slow").state["n"] < 64


class Runs:
    """The runs of a panel's interval, which is looked at until it has run twice."""

    def __init__(self, kernel: WorkspaceKernel, ann: Actor, body: str) -> None:
        self.began: list[float] = []
        self.ended: list[Future[RunRecord]] = []
        twice = threading.Event()
        start = kernel.execution.start

        def watched(*args: Any, **kwargs: Any) -> Future[RunRecord]:
            self.began.append(time.monotonic())
            future = start(*args, **kwargs)

            def done(ended: Future[RunRecord]) -> None:
                self.ended.append(ended)
                if len(self.ended) == 2:
                    twice.set()

            future.add_done_callback(done)
            return future

        kernel.execution.start = watched  # type: ignore[method-assign]  # only looks on
        kernel.put_panel("spin", SPINNING.replace("{body}", body), ann)
        Client(kernel, ann).follow("spin")
        twice.wait()


def test_an_interval_rests_nine_times_as_long_as_it_used_the_processor(kernel: WorkspaceKernel, ann: Actor) -> None:
    runs = Runs(kernel, ann, "for (let i = 0; i < 3e6; i++) {} state.n += 1;")
    used = runs.ended[0].result().profile.cpu_ms / 1000
    assert runs.began[1] - runs.began[0] > 9 * used


def test_an_interval_that_fails_is_tried_more_rarely_until_it_is_mended(kernel: WorkspaceKernel, ann: Actor) -> None:
    runs = Runs(kernel, ann, "throw new Error('no');")
    assert all(isinstance(run.exception(), HandlerError) for run in runs.ended)
    assert runs.began[1] - runs.began[0] > 2
    kernel.put_panel("spin", SPINNING.replace("{body}", "state.n += 1;"), ann)
    _until(lambda: kernel.panel("spin").state["n"] > 0)


def test_a_file_goes_when_the_value_that_names_it_is_refused(kernel: WorkspaceKernel, ann: Actor, counter: str) -> None:
    kernel.put_panel("counter", counter, ann)
    client = Client(kernel, ann)
    data = base64.b64encode(b"rows").decode()
    client.send(type="upload", id="u", panel="counter", file="f", name="rows.csv", data=data, last=True)
    kept = client.until(lambda frame: frame.get("id") == "u")["value"]
    assert (kernel.folder.files / kept["path"]).exists()
    client.send(type="set", id="s", panel="counter", name="count", value=[kept])
    assert client.until(lambda frame: frame.get("id") == "s")["problem"] is not None
    assert not (kernel.folder.files / kept["path"]).exists()


def test_no_two_tools_of_panels_have_one_name() -> None:
    names = ["a", "b", "a_", "_a", "a__b", "__", "a_b", "b__c", "ü", "x" * 70]
    names += [_name("a__b", "c").removeprefix("a__"), _name("ü", "a").rpartition("__")[2]]
    found = {_name(panel, tool) for panel in names for tool in names}
    assert len(found) == len(names) ** 2
    assert all(len(name) <= 64 for name in found)
