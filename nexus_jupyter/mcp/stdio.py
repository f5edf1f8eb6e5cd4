"""A folder's workspace for a client that starts us: MCP over standard input and output."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from mcp.server.stdio import stdio_server

from nexus_jupyter.identity import owner
from nexus_jupyter.mcp.caller import Caller
from nexus_jupyter.mcp.service import McpService
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.rights import ALL_RIGHTS
from nexus_jupyter.workspace import Desk, WorkspaceKernel, WorkspaceOptions

__all__ = ["serve_stdio"]


def serve_stdio(folder: Path, options: WorkspaceOptions, desk: Callable[[WorkspaceKernel], Desk] | None = None) -> None:
    """Serve a folder's workspace until the client ends the conversation; ``desk`` makes what asks language models.

    Raises
    ------
    StorageError
        If another process, such as a Jupyter server, has the workspace open.
    """
    kernel = WorkspaceKernel(folder, options=options)
    if desk is not None:
        kernel.desk = desk(kernel)
    try:
        asyncio.run(_serve(kernel))
    finally:
        kernel.close()


async def _serve(kernel: WorkspaceKernel) -> None:
    caller = Caller(kernel, Actor(id=owner(), name=owner()), ALL_RIGHTS)

    async def known(_request: object) -> Caller:
        return caller

    service = McpService(known)
    try:
        async with stdio_server() as (incoming, outgoing):
            await service.server.run(incoming, outgoing, service.server.create_initialization_options())
    finally:
        service.close()
