"""The assistant as the notebook reaches it: in this process, or behind a server."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from pydantic import TypeAdapter

from nexus_jupyter.protocol.ai import AskBody, AskEvent, AskFailed, AssistantInfo, DecideBody, Decided, Proposal
from nexus_jupyter.protocol.errors import QuotaError

if TYPE_CHECKING:
    import httpx

    from nexus_jupyter.protocol.identity import Actor
    from nexus_jupyter.workspace import Desk, Opening

__all__ = ["AiHost", "LocalAi", "RemoteAi"]

_EVENT: TypeAdapter[AskEvent] = TypeAdapter(AskEvent)


class AiHost(Protocol):
    """Takes wishes to language models."""

    def info(self) -> AssistantInfo:
        """Return which models may be asked."""

    def ask(self, body: AskBody) -> Generator[AskEvent]:
        """Yield what becomes of a wish; the last is a `Proposal` or an `AskFailed`. Closing it gives the wish up."""

    def decide(self, proposal: str, body: DecideBody) -> Decided:
        """Carry out what a person makes of a proposal."""


class LocalAi:
    """The assistant of a workspace in this process.

    Parameters
    ----------
    desk
        The workspace's.
    actor
        Who asks.
    opening
        Refuses wishes when the workspace was closed.
    """

    def __init__(self, desk: Desk, actor: Actor, opening: Opening) -> None:
        self._asked = desk
        self._actor = actor
        self._opening = opening

    @property
    def _desk(self) -> Desk:
        self._opening.check()
        return self._asked

    def info(self) -> AssistantInfo:
        """Return which models may be asked."""
        return self._desk.info()

    def ask(self, body: AskBody) -> Generator[AskEvent]:
        """Yield what becomes of a wish."""
        events = queue.SimpleQueue[AskEvent]()
        stop = self._desk.ask(body, self._actor, events.put)
        try:
            while True:
                event = events.get()
                yield event
                if isinstance(event, Proposal | AskFailed):
                    return
        finally:
            stop()

    def decide(self, proposal: str, body: DecideBody) -> Decided:
        """Carry out what a person makes of a proposal."""
        return self._desk.decide(proposal, body, self._actor)


class RemoteAi:
    """The assistant behind a server, by its REST calls.

    Parameters
    ----------
    call
        Makes a request: method, path, and httpx's options.
    stream
        Makes a request whose answer comes little by little.
    """

    def __init__(
        self, call: Callable[..., httpx.Response], stream: Callable[..., AbstractContextManager[httpx.Response]]
    ) -> None:
        self._call = call
        self._stream = stream

    def info(self) -> AssistantInfo:
        """Return which models may be asked."""
        return AssistantInfo.model_validate_json(self._call("GET", "ai").content)

    def ask(self, body: AskBody) -> Generator[AskEvent]:
        """Yield what becomes of a wish."""
        try:
            with self._stream("POST", "ai/complete", json=body.model_dump(mode="json")) as answer:
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        yield _EVENT.validate_json(line.removeprefix("data: "))
        except QuotaError as error:
            # Refused before anything was sent; in this process it is an event like any other.
            yield AskFailed(id="", code=error.code, message=error.message, hint=error.hint)

    def decide(self, proposal: str, body: DecideBody) -> Decided:
        """Carry out what a person makes of a proposal."""
        answer = self._call("POST", f"ai/proposals/{proposal}", json=body.model_dump(mode="json"))
        return Decided.model_validate_json(answer.content)
