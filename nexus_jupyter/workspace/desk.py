"""Where a workspace's wishes to language models are taken, and how one client's are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from nexus_jupyter.protocol.ai import AskBody, AskEvent, AskFailed, AssistantInfo, DecideBody, Decided, Proposal
from nexus_jupyter.protocol.asking import (
    AskProgress,
    AskRequest,
    AssistantChoices,
    AssistantRequest,
    DecideRequest,
    PanelChoice,
)
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import UnavailableError
from nexus_jupyter.protocol.identity import Actor

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["AskRequests", "Desk", "desk_of"]


class Desk(Protocol):
    """Asks in the background, and tells what becomes of it. The last event is a `Proposal` or an `AskFailed`."""

    def info(self) -> AssistantInfo:
        """Return which models may be asked."""

    def ask(self, body: AskBody, actor: Actor, tell: Callable[[AskEvent], None]) -> Callable[[], None]:
        """Ask; ``tell`` is called from another thread. Returns what gives it up."""

    def decide(self, proposal: str, body: DecideBody, actor: Actor) -> Decided:
        """Carry out what a person makes of a proposal."""

    def complete(self, prompt: str, actor: Actor, panel: str) -> Future[str]:
        """Ask for text, for a handler; cancelling it gives it up."""

    def waiting(self, proposal: str, actor: Actor) -> Proposal | None:
        """Return a person's proposal, or None when there is no such one or it is decided."""

    def close(self) -> None:
        """Give up what is going on, and forget all proposals."""


def desk_of(kernel: WorkspaceKernel) -> Desk:
    """Return the workspace's desk, or raise `UnavailableError`."""
    if kernel.desk is None:
        raise UnavailableError("This workspace was opened without an assistant.")
    return kernel.desk


class AskRequests:
    """The wishes of one client.

    Parameters
    ----------
    kernel
        The workspace.
    actor
        Who asks.
    send
        Tells the client what becomes of a wish.
    finish
        Answers a wish when nothing more comes.
    """

    def __init__(
        self,
        kernel: WorkspaceKernel,
        actor: Actor,
        send: Callable[[AskProgress], None],
        finish: Callable[[str, int | None, JsonValue], None],
    ) -> None:
        self._kernel = kernel
        self._actor = actor
        self._send = send
        self._finish = finish
        self._going: dict[str, Callable[[], None]] = {}

    def take(self, frame: AskRequest | DecideRequest | AssistantRequest) -> None:
        """Take a wish, what a person makes of a proposal, or the question what there is to choose from."""
        if isinstance(frame, AssistantRequest):
            self._finish(frame.id, None, self._choices(frame.proposal).model_dump(mode="json"))
            return
        if isinstance(frame, DecideRequest):
            decided = desk_of(self._kernel).decide(frame.proposal, frame.decision, self._actor)
            self._finish(frame.id, decided.rev, decided.model_dump(mode="json"))
            return

        def tell(event: AskEvent) -> None:
            self._send(AskProgress(request=frame.id, event=event))
            if isinstance(event, Proposal | AskFailed) and self._going.pop(frame.id, None) is not None:
                self._finish(frame.id, None, None)

        self._going[frame.id] = lambda: None
        stop = desk_of(self._kernel).ask(frame.body, self._actor, tell)
        if frame.id in self._going:
            self._going[frame.id] = stop

    def cancel(self, request: str) -> None:
        """Give a wish up; that is its answer."""
        stop = self._going.pop(request, None)
        if stop is not None:
            stop()
            self._finish(request, None, None)

    def close(self) -> None:
        """Give all up: whoever asked has gone."""
        for request in list(self._going):
            stop = self._going.pop(request, None)
            if stop is not None:
                stop()

    def _choices(self, proposal: str | None) -> AssistantChoices:
        desk, graph = desk_of(self._kernel), self._kernel.head.graph
        titles = {name: graph.entity(name).attrs.get("title") for name in self._kernel.panels()}
        return AssistantChoices(
            info=desk.info(),
            panels=[PanelChoice(name=name, title=str(title or name)) for name, title in titles.items()],
            waiting=None if proposal is None else desk.waiting(proposal, self._actor),
        )
