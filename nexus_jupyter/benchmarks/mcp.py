"""A tool call of an MCP client: in this process, and over HTTP to a Jupyter server.

Beside it stand the same action by REST, and a tool that does nothing in the SDK's own server, in a process of its own.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nexus_jupyter.benchmarks.kernel import COUNTER
from nexus_jupyter.benchmarks.lab import jupyterlab
from nexus_jupyter.benchmarks.measure import Row, summary
from nexus_jupyter.identity import owner
from nexus_jupyter.protocol.errors import UnavailableError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["calls"]

#: Calls that are timed, after some to get going.
_TIMES, _FIRST = 200, 20
_BARE = "MCPServer of the SDK, empty tool, HTTP"
_SERVER = """
import sys
from mcp.server.mcpserver import MCPServer
server = MCPServer("bare", log_level="WARNING")
@server.tool()
def nothing(by: int) -> int:
    return by
server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]), stateless_http=True)
"""
_PANEL = COUNTER.replace("</logic>", '<tool name="add" action="add">Add to it.</tool></logic>')


def calls() -> list[Row]:
    """Time calls of a tool that runs an action, durable when it is answered."""
    try:
        import mcp  # noqa: F401 - asked for here, so that the sentence can say what is missing
    except ImportError as error:
        raise UnavailableError("This benchmark needs MCP.", hint="Run: pip install 'nexus-jupyter[mcp]'") from error
    with tempfile.TemporaryDirectory() as base:
        within = asyncio.run(_in_process(Path(base) / "ws"))
        folder = Path(base) / "root"
        folder.mkdir()
        with jupyterlab(folder) as (url, _), _bare() as bare:
            rest, remote = asyncio.run(_over_http(url))
            empty = asyncio.run(_empty(bare))
    return [
        summary(_BARE, empty),
        summary("REST, the same action", rest),
        summary("tool call, in process", within, peer=_BARE, target="5"),
        summary("tool call, HTTP", remote, peer=_BARE, target="15"),
    ]


async def _times(call: Callable[[], Awaitable[object]]) -> list[float]:
    times = []
    for index in range(_TIMES + _FIRST):
        started = time.perf_counter()
        await call()
        if index >= _FIRST:
            times.append((time.perf_counter() - started) * 1e3)
    return times


async def _in_process(folder: Path) -> list[float]:
    from mcp import Client

    from nexus_jupyter.mcp import Caller
    from nexus_jupyter.mcp.service import McpService

    kernel = WorkspaceKernel(folder)
    try:
        person = Actor(id=owner(), name=owner())
        kernel.put_panel("counter", _PANEL, person)
        caller = Caller(kernel, person, frozenset({"read", "write", "execute"}))

        async def known(_request: object) -> Caller:
            return caller

        service = McpService(known)
        async with Client(service.server) as client:
            times = await _times(lambda: client.call_tool("counter__add", {"by": 1}))
        service.close()
    finally:
        kernel.close()
    return times


async def _over_http(url: str) -> tuple[list[float], list[float]]:
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    base, _, token = url.partition("lab?token=")
    headers = {"Authorization": f"token {token}"}
    async with httpx2.AsyncClient(headers=headers, trust_env=False, timeout=60) as http:
        made = await http.put(f"{base}nexus/api/panels/counter", json={"nxml": _PANEL})
        made.raise_for_status()
        route = f"{base}nexus/api/panels/counter/run/add"
        rest = await _times(lambda: http.post(route, json={"args": {"by": 1}}))
        async with Client(streamable_http_client(f"{base}nexus/mcp", http_client=http)) as client:
            remote = await _times(lambda: client.call_tool("counter__add", {"by": 1}))
    return rest, remote


@contextmanager
def _bare() -> Iterator[str]:
    """Run the SDK's own server; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", _SERVER, str(port)])
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)  # polling another process's start
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait()


async def _empty(url: str) -> list[float]:
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx2.AsyncClient(trust_env=False, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        return await _times(lambda: client.call_tool("nothing", {"by": 1}))
