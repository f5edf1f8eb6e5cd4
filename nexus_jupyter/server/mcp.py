"""MCP over HTTP at ``<base_url>nexus/mcp``: the SDK's own transport, an ASGI application, behind a tornado handler.

Jupyter authenticates each request and decides what its user may, as for all routes; the SDK sees only what passed.
There are no sessions, so no request can borrow another one's rights.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from tornado.iostream import StreamClosedError

from nexus_jupyter.mcp.caller import Caller
from nexus_jupyter.protocol.rights import ALL_RIGHTS
from nexus_jupyter.server.handler import NexusHandler, guarded

__all__ = ["McpHandler"]

#: Where a request carries who asks.
CALLER = "nexus.caller"


class McpHandler(NexusHandler):
    """One request of an MCP client."""

    @guarded("mcp.call")
    async def post(self) -> None:
        """Answer a call, or a subscription with a stream."""
        await self._bridge()

    @guarded("mcp.call")
    async def get(self) -> None:
        """Answer as the SDK does: there are no sessions, so nothing stands open."""
        await self._bridge()

    @guarded("mcp.call")
    async def delete(self) -> None:
        """Answer as the SDK does: there is no session to end."""
        await self._bridge()

    async def _bridge(self) -> None:
        kernel = await self.workspace()
        access = self.access
        rights = await access.rights(tuple(ALL_RIGHTS))
        self._gone = asyncio.Event()
        self._kind = "application/json"
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.request.method,
            "scheme": self.request.protocol,
            "path": self.request.path,
            "raw_path": self.request.path.encode(),
            "query_string": self.request.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in self.request.headers.get_all()],
            "client": None,
            "server": None,
            CALLER: Caller(kernel, self.actor, rights),
        }
        gate = await self.room.mcp()
        given = asyncio.Queue[dict[str, Any]]()
        given.put_nowait({"type": "http.request", "body": self.request.body, "more_body": False})

        async def receive() -> dict[str, Any]:
            if not given.empty():
                return given.get_nowait()
            await self._gone.wait()
            return {"type": "http.disconnect"}

        task = asyncio.ensure_future(gate.handle(scope, receive, self._send))
        left = asyncio.ensure_future(self._gone.wait())
        ends: set[asyncio.Future[Any]] = {task, left}
        while not (await asyncio.wait(ends, timeout=self.room.recheck_seconds, return_when="FIRST_COMPLETED"))[0]:
            if not await access.stands():
                break  # a stream ends with the rights of its person
        left.cancel()
        if not task.done():
            task.cancel()  # nobody reads the rest
        else:
            await task
        if not self._finished and not self._gone.is_set():
            with suppress(StreamClosedError):  # the client left just now
                await self.finish(set_content_type=self._kind)

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.set_status(message["status"])
            for name, value in message.get("headers", []):
                if name.lower() != b"content-length":
                    self.set_header(name.decode(), value.decode())
            self._kind = str(self._headers.get("Content-Type", "application/json"))
            return
        try:
            self.write(message.get("body", b""))
            if message.get("more_body"):
                await self.flush()
        except StreamClosedError:
            self._gone.set()

    def on_connection_close(self) -> None:
        """Let the answer end when the client has gone."""
        super().on_connection_close()
        if hasattr(self, "_gone"):
            self._gone.set()
