"""What goes on in a workspace, as tables for panels, and the ready panel over them."""

from __future__ import annotations

import struct
from importlib.resources import files
from typing import Any

import pyarrow as pa
import pytest

from nexus_jupyter.protocol.errors import FrameError, HandlerError, NXMLError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions
from nexus_jupyter.workspace.activity import ActivityTables
from tests.workspace.test_session import Client

DASHBOARD = files("nexus_jupyter.notebook").joinpath("dashboard.nxml").read_text(encoding="utf-8")
FAILING = """<panel id="broken"><view><button id="b" label="Go" on:press="go()"/></view>
  <logic><action name="go">throw new Error('no');</action></logic></panel>"""


@pytest.fixture
def busy(kernel: WorkspaceKernel, ann: Actor, bob: Actor, counter: str) -> WorkspaceKernel:
    kernel.put_panel("counter", counter, ann)
    kernel.put_panel("broken", FAILING, ann)
    for _ in range(4):
        kernel.execution.start("counter", "add", [1], bob).result()
    with pytest.raises(HandlerError):
        kernel.execution.start("broken", "go", [], bob).result()
    kernel.versions.commit("as it is", ann)
    return kernel


def rows(client: Client, query: str) -> Any:
    client.send(type="frame.page", id="r", panel="activity", query=query)
    answer = client.until(
        lambda found: isinstance(found, bytes) or (found["type"] == "result" and found["problem"] is not None)
    )
    if isinstance(answer, bytes):
        (length,) = struct.unpack_from(">I", answer)
        return pa.ipc.open_stream(answer[4 + length :]).read_all().to_pylist()
    return answer["problem"]


def test_the_ready_panel_shows_what_went_on_once_it_may(busy: WorkspaceKernel, ann: Actor) -> None:
    busy.put_panel("activity", DASHBOARD, ann)
    client = Client(busy, ann)
    assert rows(client, "users")["code"] == "denied"
    busy.permissions.grant("activity", "panel.read", None, ann)
    assert {row["user"]: row["changes"] for row in rows(client, "users")} == {"Ann": 3, "Bob": 4}
    assert {row["kind"]: row["changes"] for row in rows(client, "changes")} == {"create": 3, "run": 4}
    latency = {row["panel"]: row for row in rows(client, "latency")}
    assert (latency["counter"]["runs"], latency["broken"]["runs"]) == (4, 1)
    assert 0 < latency["counter"]["p50_ms"] <= latency["counter"]["p95_ms"] <= latency["counter"]["p99_ms"]
    assert [(row["panel"], row["action"], row["actor"]) for row in rows(client, "failures")] == [
        ("broken", "go", "bob")
    ]
    assert rows(client, "versions")[0]["what"] == "Ann committed: as it is"
    quotas = {row["quota"]: row for row in rows(client, "quotas")}
    assert quotas["panels"]["used"] == 3
    assert quotas["panels"]["percent"] == pytest.approx(0.3)
    assert next(row["entities"] for row in rows(client, "graph") if row["type"] == "Panel") == 3


def test_it_is_told_when_something_goes_on_and_sees_it(busy: WorkspaceKernel, ann: Actor, bob: Actor) -> None:
    busy.put_panel("activity", DASHBOARD, ann)
    busy.permissions.grant("activity", "panel.read", None, ann)
    client = Client(busy, ann)
    client.send(type="subscribe", panel="activity", rev=None)
    client.until(lambda frame: frame["type"] == "grants")
    before = {row["kind"]: row["changes"] for row in rows(client, "changes")}
    busy.set_state("counter", {"count": 9}, bob)
    assert client.until(lambda frame: frame["type"] == "frame")["name"] == "nog:"
    after = {row["kind"]: row["changes"] for row in rows(client, "changes")}
    assert after == {**before, "set": 1}


def test_a_table_that_is_not_there_is_refused_with_those_that_are(busy: WorkspaceKernel, ann: Actor) -> None:
    with pytest.raises(NXMLError, match=r"There is no table trilog:latncy.*write latency"):
        busy.put_panel("activity", DASHBOARD.replace("trilog:latency", "trilog:latncy"), ann)
    tables = ActivityTables(busy, WorkspaceOptions())
    with pytest.raises(FrameError, match="There is no table 'trilog:clicks'"):
        tables.table("clicks", [])
    with pytest.raises(FrameError, match="a number of hours"):
        tables.table("users", [(None, "all")])
    with pytest.raises(FrameError, match="takes hours"):
        tables.table("users", [("days", 3)])


def test_models_viewers_and_machines_are_tables_too(busy: WorkspaceKernel) -> None:
    told = {"model": "m-1", "prompt_tokens": "120", "completion_tokens": "30", "cost": "0.25"}
    for exchange in ("e1", "e2"):
        busy.recorder.step("ModelExchange", exchange, "asked", "counter", actor="bob", task="edit", prompt="x")
        busy.recorder.step("ModelExchange", exchange, "answered", "counter", actor="bob", answer="y", **told)
    tables = ActivityTables(busy, WorkspaceOptions())
    (row,) = tables.table("models", []).to_pylist()
    assert (row["model"], row["asked"], row["tokens"], row["cost"]) == ("m-1", 2, 300, 0.5)
    assert tables.table("viewers", []).to_pylist() == []
    eve = Client(busy, Actor(id="eve", name="Eve", kind="user"))
    eve.send(type="subscribe", panel="counter", rev=None)
    eve.until(lambda found: not isinstance(found, bytes) and found["type"] == "presence")
    assert tables.table("viewers", []).to_pylist() == [{"panel": "counter", "people": 1}]
    machines = {row["what"]: row["count"] for row in tables.table("machines", []).to_pylist()}
    assert machines["runs going on"] == 0
    assert machines["images kept"] >= 1
