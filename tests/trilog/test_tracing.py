"""One trace from the click in the browser to what other servers see, and the export of spans."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from nexus_jupyter.ai import Router
from nexus_jupyter.assistant import AssistantDesk
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.stream import SetState, Trigger, Undo
from nexus_jupyter.protocol.trilog import SqlQuestion
from nexus_jupyter.trilog import Recorder, TriLog
from nexus_jupyter.workspace import StreamSession, WorkspaceKernel, WorkspaceOptions
from tests.ai.scripted import Models

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CLICK = f"00-{TRACE}-{SPAN}-01"
ANN = Actor(id="ann", name="Ann", kind="user")
PANEL = """<panel id="p"><view><button id="go" label="Go" on:press="go()"/></view>
<data><state name="n" type="int" default="0"/></data>
<logic><uses cap="net.http" why="a test" target="{origin}"/><action name="go">const r = await nx.fetch("{origin}/x", {headers}); state.n = r.status;</action></logic></panel>"""


class Seen(BaseHTTPRequestHandler):
    headers_seen: ClassVar[list[str | None]] = []
    baggage_seen: ClassVar[list[str | None]] = []
    posted: ClassVar[list[tuple[str, bytes]]] = []

    def log_message(self, *_args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.headers_seen.append(self.headers.get("traceparent"))
        self.baggage_seen.append(self.headers.get("baggage"))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.append(
            (self.path, gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        )
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Seen)
    Seen.headers_seen.clear()
    Seen.baggage_seen.clear()
    Seen.posted.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def click(kernel: WorkspaceKernel, frame: Trigger | SetState | Undo) -> None:
    """Send a frame as a page does, and wait for its answer."""
    ready = threading.Event()
    session = StreamSession(kernel, ANN, "server", ready.set)
    session.receive(frame.model_dump_json())
    while True:
        message = session.take()
        if message is None:
            assert ready.wait(20)
            ready.clear()
        elif isinstance(message, str) and '"type":"result"' in message.replace(" ", ""):
            break
    session.close()


def test_a_click_is_the_beginning_of_the_trace_of_all_that_comes_of_it(tmp_path: Path, origin: str) -> None:
    kernel = WorkspaceKernel(tmp_path / "w", options=WorkspaceOptions(private_origins=(origin,)))
    try:
        kernel.put_panel("p", PANEL.format(origin=origin, headers="{}"), ANN)
        kernel.permissions.grant("p", "net.http", origin, ANN)
        click(kernel, Trigger(id="1", panel="p", action="go", element="go", traceparent=CLICK))
        click(kernel, SetState(id="2", panel="p", name="n", value=3, element="e", traceparent=CLICK))
        click(kernel, Undo(id="3", panel="p", traceparent=CLICK))
        changes = list(kernel.journal.read())[1:]
        assert [change.cause.kind for change in changes] == ["run", "set", "undo"]
        assert {change.trace_id for change in changes} == {TRACE}
        assert all(change.span_id for change in changes)
        # The span that the other server is told is that of the run.
        version, trace, span, flags = str(Seen.headers_seen[0]).split("-")
        assert (version, trace, flags) == ("00", TRACE, "01")
        assert span == changes[0].span_id
        # Whom it is for is told by ids: never by a name.
        assert Seen.baggage_seen == [f"nexus.workspace={kernel.store.key},nexus.user=ann,nexus.panel=p"]
        from nexus_jupyter.protocol.trilog import CauseOf

        nodes = kernel.trilog.ask(CauseOf(trace_id=TRACE)).to_pylist()
        assert nodes[0]["text"] == "click on 'go' of 'p' by ann"
        assert {node["kind"] for node in nodes} == {"click", "span", "change"}
    finally:
        kernel.close()


@pytest.mark.parametrize("wrong", ["", "00-x-y-01", f"00-{'0' * 32}-{SPAN}-01", "a" * 64])
def test_what_is_no_traceparent_is_passed_over(tmp_path: Path, wrong: str, counter: str) -> None:
    kernel = WorkspaceKernel(tmp_path / "w")
    try:
        kernel.put_panel("counter", counter, ANN)
        click(kernel, SetState(id="2", panel="counter", name="count", value=3, traceparent=wrong))
        assert len(list(kernel.journal.read())[-1].trace_id) == 32
    finally:
        kernel.close()


def test_a_header_that_a_handler_sets_itself_stays(tmp_path: Path, origin: str) -> None:
    kernel = WorkspaceKernel(tmp_path / "w", options=WorkspaceOptions(private_origins=(origin,)))
    try:
        mine = '{ headers: { traceparent: "mine" } }'
        kernel.put_panel("p", PANEL.format(origin=origin, headers=mine), ANN)
        kernel.permissions.grant("p", "net.http", origin, ANN)
        kernel.execution.start("p", "go", [], ANN).result()
        assert Seen.headers_seen == ["mine"]
    finally:
        kernel.close()


def test_spans_go_to_the_collector_that_the_environment_names(
    tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", origin)
    log = TriLog(f"sqlite:///{tmp_path / 'j.db'}", tmp_path / "trilog", workspace="w")
    recorder = Recorder("w", store=log)
    with recorder.span("panel.create", panel="p"):
        pass
    recorder.close()
    log.close()
    assert any(b"panel.create" in body for _, body in Seen.posted)


def test_numbers_and_errors_go_to_the_collector_and_errors_into_the_store(
    tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", origin)
    models = Models()
    models.will("Something.")
    monkeypatch.setenv("NEXUS_AI_URL", models.url)
    monkeypatch.setenv("NEXUS_AI_MODEL", "a-model")
    kernel = WorkspaceKernel(tmp_path / "w")
    try:
        kernel.put_panel("p", PANEL.format(origin=origin, headers="{}"), ANN)
        with pytest.raises(NexusError) as caught:  # nobody has granted the address
            kernel.execution.start("p", "go", [], ANN).result()
        click(kernel, SetState(id="1", panel="p", name="n", value=3, element="e", traceparent=CLICK))
        kernel.desk = desk = AssistantDesk(kernel, Router.from_environment)
        assert desk.complete("Say something", ANN, "p").result() == "Something."
        rows = kernel.trilog.ask(SqlQuestion(sql="select * from otel_logs")).to_pylist()
    finally:
        kernel.close()
        models.close()
    (row,) = rows
    assert row["TraceId"] == caught.value.trace_id
    assert row["SeverityText"] == "ERROR"
    assert row["Body"] == str(caught.value)[:500]
    attributes = dict(row["LogAttributes"])
    assert (attributes["event.name"], attributes["nexus.panel"]) == ("action.run.failed", "p")
    metrics = b"".join(body for path, body in Seen.posted if path == "/v1/metrics")
    ours = ("run.duration", "sockets.open", "runs.waiting")
    of_models = ("tokens", "models.open", "model.duration", "model.first_token")
    for name in (*ours, *of_models):
        assert f"nexus.{name}".encode() in metrics
    assert b"a-model" in metrics
    assert b"Something" not in metrics
    logs = b"".join(body for path, body in Seen.posted if path == "/v1/logs")
    assert bytes.fromhex(caught.value.trace_id) in logs
    assert b"action.run" in b"".join(body for path, body in Seen.posted if path == "/v1/traces")
    for _, body in Seen.posted:
        assert b"Ann" not in body


@pytest.mark.parametrize("name", ["OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER", "OTEL_TRACES_EXPORTER"])
def test_each_signal_can_be_switched_off(
    tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", origin)
    monkeypatch.setenv(name, "none")
    log = TriLog(f"sqlite:///{tmp_path / 'j.db'}", tmp_path / "trilog", workspace="w")
    recorder = Recorder("w", store=log)
    recorder.begin("action.run", panel="p").end(ValueError("no luck"))
    recorder.close()
    log.close()
    signals = {"METRICS": "/v1/metrics", "LOGS": "/v1/logs", "TRACES": "/v1/traces"}
    off = signals[name.split("_")[1]]
    assert {path for path, _ in Seen.posted} == set(signals.values()) - {off}
