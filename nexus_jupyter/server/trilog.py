"""REST: questions to TriLog, and what is recorded for it."""

from __future__ import annotations

from typing import ClassVar

from pydantic import TypeAdapter

from nexus_jupyter.protocol.alerts import AlertRule, AlertState
from nexus_jupyter.protocol.api import RevInfo
from nexus_jupyter.protocol.rights import REQUESTS
from nexus_jupyter.protocol.trilog import TriLogCommand, TriLogQuestion
from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.server.operation import Operation, Operations, arrow_stream

__all__ = ["AlertsHandler", "CommandHandler", "FlushHandler", "QueryHandler"]

_ARROW = "application/vnd.apache.arrow.stream"
_QUESTION: TypeAdapter[TriLogQuestion] = TypeAdapter(TriLogQuestion)
_COMMAND: TypeAdapter[TriLogCommand] = TypeAdapter(TriLogCommand)


class QueryHandler(NexusHandler):
    """Questions to TriLog."""

    operations: ClassVar[Operations] = {
        "post": Operation("Ask TriLog; the answer is an Arrow stream", body=TriLogQuestion, media_type=_ARROW)
    }

    @guarded("history.ask")
    async def post(self) -> None:
        """Answer a question."""
        question = self.parsed(_QUESTION)
        kernel = await self.workspace()
        table = await self.work(lambda: kernel.trilog.ask(question))
        self.finish(arrow_stream(table), set_content_type=_ARROW)


class CommandHandler(NexusHandler):
    """What is recorded, and what is to be forgotten."""

    operations: ClassVar[Operations] = {
        "post": Operation("Register a twin, record, forget a person, or drop the old", body=TriLogCommand)
    }

    @guarded("history.change")
    async def post(self) -> None:
        """Carry out a command."""
        command = self.parsed(_COMMAND)
        kernel = await self.workspace()
        await self.work(lambda: kernel.trilog.carry_out(command, self.actor))
        self.reply(RevInfo(rev=kernel.head.rev, changed=False))


class FlushHandler(NexusHandler):
    """Waiting for TriLog."""

    operations: ClassVar[Operations] = {
        "post": Operation("Return when all that happened can be asked for", answer=RevInfo)
    }

    @guarded("history.ask")
    async def post(self) -> None:
        """Wait."""
        kernel = await self.workspace()
        rev = await self.work(kernel.trilog.flush)
        self.reply(RevInfo(rev=rev, changed=False))


class AlertsHandler(NexusHandler):
    """What is watched for, and what was found."""

    operations: ClassVar[Operations] = {
        "get": Operation("The rule of the alerts, and the newest ones", answer=AlertState),
        "put": Operation("Watch by another rule", body=AlertRule, answer=AlertState),
        "post": Operation("Look at once", answer=AlertState),
    }

    @guarded("alert.read")
    async def get(self) -> None:
        """Tell; the addresses of webhooks only to those who may change them."""
        kernel = await self.workspace()
        state = kernel.alerts.state()
        self.reply(state if await self.access.may(REQUESTS["alert.change"]) else state.masked())

    @guarded("alert.change")
    async def put(self) -> None:
        """Set the rule."""
        rule = self.body(AlertRule)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.alerts.watch(rule)))

    @guarded("alert.change")
    async def post(self) -> None:
        """Look."""
        kernel = await self.workspace()
        await self.work(kernel.alerts.check)
        self.reply(kernel.alerts.state())
