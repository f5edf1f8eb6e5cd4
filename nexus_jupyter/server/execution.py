"""REST: what panels are allowed, and the runs that were recorded."""

from __future__ import annotations

from typing import Any, ClassVar

from nexus_jupyter.protocol.api import CountInfo, GrantBody, ReplayInfo, RevokeBody, RunInfo
from nexus_jupyter.protocol.capability import Grant
from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.server.operation import Operation, Operations

__all__ = ["GrantsHandler", "MetricsHandler", "ReplayHandler", "RunsHandler"]


class GrantsHandler(NexusHandler):
    """What panels are allowed."""

    operations: ClassVar[Operations] = {
        "get": Operation("All grants there ever were", answer=list[Grant]),
        "post": Operation("Allow a panel something", body=GrantBody, answer=Grant),
        "delete": Operation("Take back what a panel was allowed", body=RevokeBody, answer=CountInfo),
    }

    @guarded("grant.read")
    async def get(self) -> None:
        """Return all grants."""
        kernel = await self.workspace()
        self.reply(await self.work(kernel.permissions.all))

    @guarded("grant.add")
    async def post(self) -> None:
        """Allow a panel something."""
        body = self.body(GrantBody)
        kernel = await self.workspace()
        allow = kernel.permissions.allow
        grant = await self.work(lambda: allow(body.panel, body.cap, body.target, self.actor, seconds=body.seconds))
        self.reply(grant, status=201)

    @guarded("grant.revoke")
    async def delete(self) -> None:
        """Take back what a panel was allowed."""
        body = self.body(RevokeBody)
        kernel = await self.workspace()
        revoke = kernel.permissions.revoke
        self.reply(CountInfo(count=await self.work(lambda: revoke(body.panel, body.cap, body.target, self.actor))))


class MetricsHandler(NexusHandler):
    """Numbers about runs."""

    operations: ClassVar[Operations] = {
        "get": Operation(
            "Numbers about runs: machines, images, outcomes, times", answer=dict[str, list[dict[str, Any]]]
        )
    }

    @guarded("run.read")
    async def get(self) -> None:
        """Return the numbers by name."""
        kernel = await self.workspace()
        self.reply(await self.work(kernel.sandbox.metrics.read))


class RunsHandler(NexusHandler):
    """Recorded runs."""

    operations: ClassVar[Operations] = {"get": Operation("The newest recorded runs", answer=list[RunInfo])}

    @guarded("run.read")
    async def get(self) -> None:
        """Return the newest runs, newest first."""
        kernel = await self.workspace()
        self.reply(await self.work(kernel.runs.newest))


class ReplayHandler(NexusHandler):
    """A recorded run."""

    operations: ClassVar[Operations] = {
        "post": Operation("Run a recorded run again, changing nothing", answer=ReplayInfo)
    }

    @guarded("run.replay")
    async def post(self, run: str) -> None:
        """Run it again."""
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.replay(run)))
