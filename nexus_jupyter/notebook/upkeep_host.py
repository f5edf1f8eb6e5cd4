"""Upkeep of a workspace's journal, in this process or behind a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from nexus_jupyter.protocol.upkeep import CompactBody, Compaction

if TYPE_CHECKING:
    import httpx

    from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["LocalUpkeep", "RemoteUpkeep", "UpkeepHost"]


class UpkeepHost(Protocol):
    """What is asked of the place where the workspace lives, to keep its journal small and to take it elsewhere."""

    def compact(self, wish: CompactBody) -> Compaction:
        """Drop old changes."""

    def lines(self) -> Iterator[str]:
        """Yield the journal as the lines of an exported file."""


class LocalUpkeep:
    """Upkeep of a workspace in this process."""

    def __init__(self, kernel: WorkspaceKernel) -> None:
        self._kernel = kernel

    def compact(self, wish: CompactBody) -> Compaction:
        """Drop old changes."""
        from nexus_jupyter.workspace import compact

        return compact(self._kernel.store, self._kernel.trilog, wish)

    def lines(self) -> Iterator[str]:
        """Yield the journal as the lines of an exported file."""
        from nexus_jupyter.workspace import export_lines

        return export_lines(self._kernel.journal, self._kernel.store.checkpoints, self._kernel.name)


class RemoteUpkeep:
    """Upkeep of a workspace behind a server, by its REST calls.

    Parameters
    ----------
    call
        Makes a request: method, path, and httpx's options.
    """

    def __init__(self, call: Callable[..., httpx.Response]) -> None:
        self._call = call

    def compact(self, wish: CompactBody) -> Compaction:
        """Drop old changes."""
        answer = self._call("POST", "workspace/compact", json=wish.model_dump())
        return Compaction.model_validate_json(answer.content)

    def lines(self) -> Iterator[str]:
        """Yield the journal as the lines of an exported file."""
        # Lines end with a line feed and nothing else: texts may hold what `splitlines` takes for an end.
        return iter(self._call("GET", "workspace/journal/export").text.removesuffix("\n").split("\n"))
