"""A thousand pages on one panel: how soon all have a change, and what each costs, beside a bare broadcast."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nexus_jupyter.benchmarks.kernel import COUNTER
from nexus_jupyter.benchmarks.measure import Row, summary
from nexus_jupyter.protocol.errors import UnavailableError

if TYPE_CHECKING:
    import psutil
    from websockets.asyncio.client import ClientConnection

__all__ = ["sockets"]

_CLIENTS, _CHANGES = 1000, 20
#: A server that sends every text it is given to all who listen, and does nothing else.
_BROADCAST = """
import asyncio, sys
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler
everybody = set()
class Stream(WebSocketHandler):
    def open(self):
        self.set_nodelay(True)
        everybody.add(self)
    def on_message(self, message):
        self.write_message('{"type":"snapshot"}')
    def on_close(self):
        everybody.discard(self)
class Send(RequestHandler):
    def get(self):
        pass
    def put(self):
        for one in everybody:
            one.write_message(self.request.body)
async def main():
    Application([('/stream', Stream), ('/send', Send)]).listen(int(sys.argv[1]), '127.0.0.1')
    await asyncio.Event().wait()
asyncio.run(main())
"""


def sockets() -> list[Row]:
    """Time a change on its way to a thousand pages, and weigh what one page costs the server."""
    import psutil

    rows: list[Row] = []
    peer = "tornado, bare broadcast"
    with _broadcast() as (port, process):
        text = json.dumps({"type": "patch", "panel": "counter", "text": "x" * 250})
        times, each = asyncio.run(
            _measure(port, "/stream", {}, lambda _i: ("/send", text), psutil.Process(process.pid))
        )
        rows += [summary(f"{peer}: all have it", times), Row(f"{peer}: memory", each, each, _CLIENTS, unit="kB")]
    with _jupyter() as (port, token, process):
        _call(port, "/nexus/api/panels/counter", {"nxml": COUNTER}, token)
        headers = {"Authorization": f"token {token}"}

        def change(index: int) -> tuple[str, str]:
            return "/nexus/api/panels/counter/state", json.dumps({"values": {"count": index + 1}})

        times, each = asyncio.run(_measure(port, "/nexus/api/stream", headers, change, psutil.Process(process.pid)))
        rows += [
            summary("change, durable: all pages have it", times, peer=f"{peer}: all have it", target="500"),
            Row("memory of a page", each, each, _CLIENTS, peer=f"{peer}: memory", target="60", unit="kB"),
        ]
    return rows


async def _measure(
    port: int,
    path: str,
    headers: dict[str, str],
    change: Callable[[int], tuple[str, str]],
    process: psutil.Process,
) -> tuple[list[float], float]:
    """Return the milliseconds that each change took to reach all, and the kilobytes that each client costs."""
    from websockets.asyncio.client import connect

    arrived = asyncio.Semaphore(0)

    async def client(stream: ClientConnection) -> None:
        async for message in stream:
            if '"type":"patch"' in str(message)[:40] or '"type": "patch"' in str(message)[:40]:
                arrived.release()

    before = process.memory_full_info().uss
    streams, tasks = [], []
    for _ in range(_CLIENTS):
        stream = await connect(
            f"ws://127.0.0.1:{port}{path}", additional_headers=headers, compression=None, ping_interval=None, proxy=None
        )
        await stream.send(json.dumps({"type": "subscribe", "panel": "counter", "rev": None}))
        while '"snapshot"' not in str(await stream.recv()):
            pass
        streams.append(stream)
        tasks.append(asyncio.create_task(client(stream)))
    await asyncio.sleep(3)  # news of who is there
    each = (process.memory_full_info().uss - before) / _CLIENTS / 1024
    times = []
    for index in range(_CHANGES):
        where, body = change(index)
        started = time.perf_counter()
        sent = asyncio.create_task(asyncio.to_thread(_put, port, where, body, headers))
        for _ in range(_CLIENTS):
            await arrived.acquire()
        times.append((time.perf_counter() - started) * 1e3)
        await sent
    for task in tasks:
        task.cancel()
    for stream in streams:
        stream.transport.abort()
    return times, each


@contextmanager
def _broadcast() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = _free_port()
    process = subprocess.Popen([sys.executable, "-c", _BROADCAST, str(port)])
    try:
        _wait_for(port, "/send", process)
        yield port, process
    finally:
        process.kill()
        process.wait()


@contextmanager
def _jupyter() -> Iterator[tuple[int, str, subprocess.Popen[bytes]]]:
    """A Jupyter server with nothing but the extension."""
    port, token = _free_port(), secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as base:
        root = Path(base) / "root"
        root.mkdir()
        environment = {
            **os.environ,
            "JUPYTER_RUNTIME_DIR": f"{base}/run",
            "JUPYTER_CONFIG_DIR": f"{base}/config",
        }
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
        command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port, f"/nexus/api/health?token={token}", process)
            yield port, token, process
        finally:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
                return
        except OSError:
            time.sleep(0.1)  # polling another process's start
    raise UnavailableError("The server of the benchmark did not start.")


def _call(port: int, path: str, body: dict[str, object], token: str) -> None:
    _put(port, path, json.dumps(body), {"Authorization": f"token {token}"})


def _put(port: int, path: str, body: str, headers: dict[str, str]) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body.encode(), headers, method="PUT")
    with urllib.request.urlopen(request, timeout=60):
        pass
