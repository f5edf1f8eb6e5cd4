"""The MCP server of a Jupyter server's process, and the SDK's transport for it."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from nexus_jupyter.mcp import Caller
from nexus_jupyter.mcp.service import McpService
from nexus_jupyter.server.mcp import CALLER

__all__ = ["McpGate"]

#: Largest request, in bytes: that of the REST routes.
_LIMIT = 4 * 2**20


class McpGate:
    """The MCP server of this process; started by the first request."""

    def __init__(self) -> None:
        self._service = McpService(_caller)
        self._manager = StreamableHTTPSessionManager(
            self._service.server, stateless=True, json_response=True, max_request_body_size=_LIMIT
        )
        self._started = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def handle(self, scope: dict[str, Any], receive: Any, send: Any) -> None:  # Any: ASGI
        """Answer one request."""
        async with self._started:
            if self._running is None:
                # The SDK's task group must be left by the task that entered it: it gets one of its own.
                self._running = asyncio.create_task(self._run())
                await self._ready.wait()
        await self._manager.handle_request(scope, receive, send)

    async def _run(self) -> None:
        async with self._manager.run():
            self._ready.set()
            await asyncio.Event().wait()

    def close(self) -> None:
        """End what is under way."""
        self._service.close()
        if self._running is not None:
            self._running.cancel()


async def _caller(request: Any) -> Caller:  # Any: starlette's request, which carries our scope
    caller = request.scope[CALLER]
    assert isinstance(caller, Caller)
    return caller
