"""Upkeep of a workspace's journal, in this process or behind a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from pydantic import TypeAdapter

from nexus_jupyter.protocol.adoption import Adoption, AllowBody
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.upkeep import CompactBody, Compaction

if TYPE_CHECKING:
    import httpx

    from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["LocalUpkeep", "RemoteUpkeep", "UpkeepHost"]

_ADOPTION: TypeAdapter[Adoption | None] = TypeAdapter(Adoption | None)


class UpkeepHost(Protocol):
    """What is asked of the place where the workspace lives, to keep its journal small and to take it elsewhere."""

    def compact(self, wish: CompactBody) -> Compaction:
        """Drop old changes."""

    def lines(self) -> Iterator[str]:
        """Yield the journal as the lines of an exported file."""

    def adoption(self) -> Adoption | None:
        """Return what was taken from elsewhere; ``None`` when nothing was."""

    def allow(self, number: int) -> Adoption:
        """Let something that was left out hold from now on."""


class LocalUpkeep:
    """Upkeep of a workspace in this process.

    Parameters
    ----------
    kernel
        The workspace.
    actor
        Who asks.
    """

    def __init__(self, kernel: WorkspaceKernel, actor: Actor) -> None:
        self._kernel = kernel
        self._actor = actor

    def adoption(self) -> Adoption | None:
        """Return what was taken from elsewhere; ``None`` when nothing was."""
        self._kernel.opening.check()
        return self._kernel.adoption.state()

    def allow(self, number: int) -> Adoption:
        """Let something that was left out hold from now on."""
        self._kernel.opening.check()
        return self._kernel.adoption.allow(number, self._actor)

    def compact(self, wish: CompactBody) -> Compaction:
        """Drop old changes."""
        from nexus_jupyter.workspace import compact

        self._kernel.opening.check()
        return compact(self._kernel.store, self._kernel.trilog, wish)

    def lines(self) -> Iterator[str]:
        """Yield the journal as the lines of an exported file."""
        from nexus_jupyter.workspace import export_lines

        self._kernel.opening.check()
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

    def adoption(self) -> Adoption | None:
        """Return what was taken from elsewhere; ``None`` when nothing was."""
        return _ADOPTION.validate_json(self._call("GET", "workspace/adoption").content)

    def allow(self, number: int) -> Adoption:
        """Let something that was left out hold from now on."""
        body = AllowBody(number=number).model_dump()
        return Adoption.model_validate_json(self._call("POST", "workspace/adoption/allow", json=body).content)
