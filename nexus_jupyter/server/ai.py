"""REST: wishes to language models, as server-sent events, and what a person makes of what comes."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from tornado.iostream import StreamClosedError

from nexus_jupyter.protocol.ai import AskBody, AskEvent, AskFailed, AssistantInfo, DecideBody, Decided, Proposal
from nexus_jupyter.protocol.errors import QuotaError
from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.server.operation import Operation, Operations
from nexus_jupyter.workspace import desk_of

__all__ = ["AssistantHandler", "CompleteHandler", "ProposalHandler"]

_EVENTS = "text/event-stream"
#: Seconds after which a proxy is shown that the connection lives.
_SILENCE = 15.0


class AssistantHandler(NexusHandler):
    """Which models may be asked."""

    operations: ClassVar[Operations] = {
        "get": Operation("Which models may be asked, without keys", answer=AssistantInfo)
    }

    @guarded("assistant.read")
    async def get(self) -> None:
        """Tell."""
        desk = desk_of(await self.workspace())
        self.reply(await self.work(desk.info))


class CompleteHandler(NexusHandler):
    """Wishes."""

    operations: ClassVar[Operations] = {
        "post": Operation(
            "Ask for a change or a new panel; answered by server-sent events, the last of which is a proposal or says "
            "what went wrong. Nothing is changed. Where a budget is used up, the answer is 429, with when it is free",
            body=AskBody,
            media_type=_EVENTS,
        )
    }
    #: Of the wish that is going on; ``None`` ends it.
    events: asyncio.Queue[AskEvent | None] | None = None

    @guarded("assistant.ask")
    async def post(self) -> None:
        """Ask, and send what comes until it is over or the client goes."""
        body = self.body(AskBody)
        desk = desk_of(await self.workspace())
        loop = asyncio.get_running_loop()
        self.events = events = asyncio.Queue[AskEvent | None]()

        def tell(event: AskEvent) -> None:
            loop.call_soon_threadsafe(events.put_nowait, event)

        stop = await self.work(lambda: desk.ask(body, self.actor, tell))
        self.set_header("Content-Type", _EVENTS)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")
        try:
            await self._send(events)
        except StreamClosedError:
            return
        finally:
            stop()
        self.finish(set_content_type=_EVENTS)

    def on_connection_close(self) -> None:
        """Give the wish up: nobody is there to see what comes of it."""
        super().on_connection_close()
        if self.events is not None:
            self.events.put_nowait(None)

    async def _send(self, events: asyncio.Queue[AskEvent | None]) -> None:
        begun = False
        while True:
            try:
                event = await asyncio.wait_for(events.get(), _SILENCE)
            except TimeoutError:
                begun = True
                self.write(": still at it\n\n")
                await self.flush()
                continue
            if event is None:
                raise StreamClosedError
            if not begun and isinstance(event, AskFailed) and event.code == QuotaError.code:
                raise QuotaError(event.message, hint=event.hint)
            begun = True
            self.write(f"event: {event.kind}\ndata: {event.model_dump_json()}\n\n")
            await self.flush()
            if isinstance(event, Proposal | AskFailed):
                return


class ProposalHandler(NexusHandler):
    """Decisions."""

    operations: ClassVar[Operations] = {
        "post": Operation("Accept all or some ops of a proposal, or reject it", body=DecideBody, answer=Decided)
    }

    @guarded("assistant.decide")
    async def post(self, proposal: str) -> None:
        """Decide."""
        body = self.body(DecideBody)
        desk = desk_of(await self.workspace())
        self.reply(await self.work(lambda: desk.decide(proposal, body, self.actor)))
