"""REST: keeping the journal small, and taking it elsewhere."""

from __future__ import annotations

from itertools import islice
from typing import ClassVar

from nexus_jupyter.protocol.adoption import Adoption, AllowBody
from nexus_jupyter.protocol.upkeep import CompactBody, Compaction
from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.server.operation import Operation, Operations
from nexus_jupyter.workspace import compact, export_lines

__all__ = ["AdoptionHandler", "AllowHandler", "CompactHandler", "ExportedJournalHandler"]

_LINES = "application/jsonl"
#: Lines that are made at a time, away from the event loop.
_BATCH = 1000


class CompactHandler(NexusHandler):
    """Dropping old changes."""

    operations: ClassVar[Operations] = {
        "post": Operation("Drop old changes from the journal", body=CompactBody, answer=Compaction)
    }

    @guarded("journal.compact")
    async def post(self) -> None:
        """Compact."""
        body = self.body(CompactBody)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: compact(kernel.store, kernel.trilog, body)))


class AdoptionHandler(NexusHandler):
    """What was taken from a folder that somebody else made."""

    operations: ClassVar[Operations] = {
        "get": Operation("What was taken from elsewhere and what was left out; null for nothing", answer=Adoption)
    }

    @guarded("adoption.read")
    async def get(self) -> None:
        """Return what was taken."""
        kernel = await self.workspace()
        self.reply(await self.work(kernel.adoption.state))


class AllowHandler(NexusHandler):
    """Rights that the folder brought along."""

    operations: ClassVar[Operations] = {
        "post": Operation("Let something that was left out hold from now on", body=AllowBody, answer=Adoption)
    }

    @guarded("adoption.allow")
    async def post(self) -> None:
        """Allow one."""
        body = self.body(AllowBody)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.adoption.allow(body.number, self.actor)))


class ExportedJournalHandler(NexusHandler):
    """The journal as a file."""

    operations: ClassVar[Operations] = {
        "get": Operation("The journal as JSON lines with digests, as `nexus import` takes it", media_type=_LINES)
    }

    @guarded("journal.export")
    async def get(self) -> None:
        """Send the lines."""
        kernel = await self.workspace()
        lines = export_lines(kernel.journal, kernel.store.checkpoints, kernel.name)
        self.set_header("Content-Type", _LINES)
        while batch := await self.work(lambda: list(islice(lines, _BATCH))):
            self.write("".join(f"{line}\n" for line in batch))
            await self.flush()
        self.finish(set_content_type=_LINES)
