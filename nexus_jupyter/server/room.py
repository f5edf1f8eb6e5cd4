"""What the extension keeps between requests: the open workspaces, the kernel tokens, the assets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexus_jupyter.ai import Router
from nexus_jupyter.assistant import AssistantDesk
from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.errors import NotFoundError, UnavailableError
from nexus_jupyter.server.idempotency import Replies
from nexus_jupyter.server.tokens import TokenIssuer
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions

if TYPE_CHECKING:
    from nexus_jupyter.server.mcpgate import McpGate

__all__ = ["ServerRoom"]


class ServerRoom:
    """Shared by all handlers of a server.

    Parameters
    ----------
    folder
        The default workspace's folder; opened on first use.
    tokens
        Signs and checks kernel tokens.
    engine
        The JavaScript engine.
    options
        Limits of runs and what they may reach.
    router
        Makes what asks language models.
    recheck_seconds
        Seconds between two looks whether the person of an open connection is still who they were.
    """

    def __init__(
        self,
        folder: Path,
        tokens: TokenIssuer,
        engine: Engine,
        options: WorkspaceOptions,
        *,
        router: Callable[[], Router],
        recheck_seconds: float,
    ) -> None:
        self.recheck_seconds = recheck_seconds
        self.tokens = tokens
        self.engine = engine
        #: Answers to requests that may be sent again.
        self.replies = Replies()
        self._folder = folder
        self._options = options
        self._router = router
        self._opening = asyncio.Lock()
        self._kernel: WorkspaceKernel | None = None
        self._mcp: McpGate | None = None

    @property
    def message_bytes(self) -> int:
        """Largest message taken from a notebook's kernel, in bytes: a frame, and what stands before it."""
        return self._options.frame_bytes + (1 << 20)

    async def mcp(self) -> McpGate:
        """Return the MCP server, made when a client first asks for it: its libraries take seconds to load."""
        if self._mcp is None:
            made = await self.work(_mcp_gate)
            if self._mcp is None:  # two may have asked at once
                self._mcp = made()
        return self._mcp

    async def work(self, task: Callable[[], Any]) -> Any:  # Any: the task's own result
        """Run something that may block away from the event loop."""
        return await asyncio.to_thread(task)

    async def workspace(self, name: str | None = None) -> WorkspaceKernel:
        """Return an open workspace.

        Raises
        ------
        NotFoundError
            If there is no workspace of that name.
        StorageError
            If it cannot be opened.
        """
        if name not in (None, self._folder.name):
            raise NotFoundError(f"There is no workspace '{name}'.", hint=f"This server has '{self._folder.name}'.")
        if self._kernel is None:
            async with self._opening:
                if self._kernel is None:
                    self._kernel = await self.work(self._open)
        return self._kernel

    def _open(self) -> WorkspaceKernel:
        kernel = WorkspaceKernel(self._folder, engine=self.engine, options=self._options)
        kernel.arrow.warm_up()
        kernel.desk = AssistantDesk(kernel, self._router)
        return kernel

    def authenticated(self, user: str, method: str, *, accepted: bool) -> None:
        """Note that somebody showed who they are, where there is a history to note it in."""
        if self._kernel is not None:
            self._kernel.recorder.authenticated(user, method, accepted=accepted)

    def names(self) -> list[str]:
        """Return the names of the workspaces that can be opened."""
        return [self._folder.name]

    def close(self) -> None:
        """Close the open workspaces."""
        if self._mcp is not None:
            self._mcp.close()
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None


def _mcp_gate() -> type[McpGate]:
    try:
        from nexus_jupyter.server.mcpgate import McpGate
    except ModuleNotFoundError as error:
        raise UnavailableError(
            "MCP is not installed on this server.", hint="Run: pip install 'nexus-jupyter[mcp]'"
        ) from error
    return McpGate
