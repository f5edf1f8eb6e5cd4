"""An alert reaches the table, the log and a webhook, with what led to it and what it changed."""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import NexusError, PermissionDeniedError
from nexus_jupyter.workspace import WorkspaceOptions

PANEL = """<panel id="shop"><view><number id="p" label="Price" bind:value="price"/></view>
<data><state name="price" type="float" default="10"/></data>
<logic><action name="typo">state.price = 10000;</action></logic></panel>"""


class Receiver(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.got: queue.Queue[dict[str, Any]] = queue.Queue()
        self.statuses: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        self.send_response(status)
        self.end_headers()
        self.server.got.put(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def shop(tmp_path: Path, receiver: Receiver) -> Iterator[Workspace]:
    options = WorkspaceOptions(private_origins=(receiver.url,))
    with Workspace.open(tmp_path / "w", options=options) as ws:
        panel = ws.panel("shop", PANEL)
        for number in range(30):
            panel.state["price"] = 10 + number % 3 / 10
        yield ws


def test_a_wrong_number_is_told_with_the_run_that_made_it(
    shop: Workspace, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    # The first answer is a failure of the other side: it is sent again.
    receiver.statuses = [503]
    caplog.set_level(logging.WARNING, "nexus_jupyter.workspace.alerting")
    assert shop.trilog.alerts(every="1s", webhooks=[f"{receiver.url}/hook"], kinds=["value"]).empty
    run = shop["shop"].run("typo")
    first, again = receiver.got.get(timeout=60), receiver.got.get(timeout=60)
    assert first == again
    told = first["alert"]
    assert "state.price of Panel 'shop' became 10000; 10.1 is usual" in told["words"]
    assert told["rev"] == run.rev
    assert [line["text"] for line in told["cause"] if line["kind"] == "change"]
    (changed,) = (change for change in told["changes"] if change["field"] == "state.price")
    assert changed["after"] == 10000
    # The table has it as soon as everybody was told.
    shop._host.trilog.look()
    alerts = shop.trilog.alerts()
    assert alerts.loc[0, "delivered"] == {f"{receiver.url}/hook": "delivered"}
    assert "typo" in str(alerts.cause())
    assert alerts.changes().set_index("field").loc["state.price", "after"] == 10000
    assert any("became 10000" in record.getMessage() for record in caplog.records)
    # What was told once is not told again.
    shop._host.trilog.look()
    assert receiver.got.empty()
    assert len(shop.trilog.alerts()) == 1


def test_anomalies_say_what_led_to_them(shop: Workspace) -> None:
    run = shop["shop"].run("typo")
    found = shop.trilog.anomalies(kinds=["value"])
    assert found.loc[0, ["type", "id", "field", "value", "rev"]].tolist() == [
        "Panel",
        "shop",
        "state.price",
        10000,
        run.rev,
    ]
    assert "typo" in str(found.cause())
    assert "state.price" in set(found.changes()["field"])


def test_rule_and_alerts_outlive_the_process_that_raised_them(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w") as ws:
        panel = ws.panel("shop", PANEL)
        for _ in range(30):
            panel.state["price"] = 10
            panel.state["price"] = 10.5
        ws.trilog.alerts(every="1h", kinds=["value"])
        panel.run("typo")
        ws._host.trilog.look()
        before = ws.trilog.alerts()
    with Workspace.open(tmp_path / "w") as ws:
        assert ws._host.trilog.alerts().rule.active
        assert ws.trilog.alerts()["words"].tolist() == before["words"].tolist() != []
        assert ws.trilog.alerts(every="0") is not None
        assert not ws._host.trilog.alerts().rule.active


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "http://169.254.169.254/latest", "file:///etc/passwd", "nonsense"]
)
def test_an_address_that_nothing_may_be_sent_to_is_refused_at_once(shop: Workspace, url: str) -> None:
    with pytest.raises((PermissionDeniedError, NexusError)):
        shop.trilog.alerts(every="1min", webhooks=[url])
    assert not shop._host.trilog.alerts().rule.active


def test_an_address_that_does_not_answer_is_noted_on_the_alert(shop: Workspace, receiver: Receiver) -> None:
    receiver.statuses = [410]
    shop.trilog.alerts(every="1h", webhooks=[f"{receiver.url}/gone"], kinds=["value"])
    shop["shop"].run("typo")
    shop._host.trilog.look()
    assert shop.trilog.alerts().loc[0, "delivered"] == {f"{receiver.url}/gone": "the address answered with 410"}


async def _in_a_kernel(shop: Workspace, url: str) -> None:
    shop.trilog.alerts(every="1h", webhooks=[url], kinds=["value"])


def test_a_rule_is_set_where_a_loop_is_running_as_in_a_notebooks_kernel(shop: Workspace, receiver: Receiver) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _in_a_kernel(shop, f"{receiver.url}/hook")).result()
    assert shop._host.trilog.alerts().rule.active
