"""REST: commits, branches, merges and their questions."""

from __future__ import annotations

from typing import ClassVar

from nexus_jupyter.protocol.api import RevInfo
from nexus_jupyter.protocol.conflict import Conflict
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.protocol.versions import (
    BranchBody,
    BranchInfo,
    CheckoutBody,
    CommitBody,
    EntityChange,
    MergeBody,
    MergeInfo,
    RemoteBody,
    RemoteInfo,
    ResolveBody,
    RevertBody,
    SwitchBody,
    TagBody,
    TransferBody,
    VersionInfo,
)
from nexus_jupyter.server.handler import NexusHandler, guarded
from nexus_jupyter.server.operation import Operation, Operations
from nexus_jupyter.workspace import WorkspaceKernel, version_info

__all__ = [
    "BranchHandler",
    "CheckoutHandler",
    "CommitHandler",
    "ConflictsHandler",
    "DiffHandler",
    "LogHandler",
    "MergeHandler",
    "PullHandler",
    "PushHandler",
    "RemoteHandler",
    "RevertHandler",
    "SwitchHandler",
    "TagHandler",
]

_LOG_DEFAULT = 50
_LOG_LIMIT = 10_000


def _rev(kernel: WorkspaceKernel, change: Change | None) -> RevInfo:
    return RevInfo(rev=change.rev if change else kernel.head.rev, changed=change is not None)


class CommitHandler(NexusHandler):
    """Commits."""

    operations: ClassVar[Operations] = {
        "post": Operation("Commit the workspace to git", body=CommitBody, answer=VersionInfo)
    }

    @guarded("version.make")
    async def post(self) -> None:
        """Commit."""
        body = self.body(CommitBody)
        kernel = await self.workspace()
        made = await self.work(
            lambda: kernel.versions.commit(
                body.message, self.actor, without_panels=body.without_panels, include=body.include
            )
        )
        self.reply(version_info(made), 201)


class CheckoutHandler(NexusHandler):
    """Going to another version."""

    operations: ClassVar[Operations] = {
        "post": Operation("Make the workspace what it was in a commit", body=CheckoutBody, answer=RevInfo)
    }

    @guarded("version.make")
    async def post(self) -> None:
        """Check out."""
        body = self.body(CheckoutBody)
        kernel = await self.workspace()
        self.reply(_rev(kernel, await self.work(lambda: kernel.versions.checkout(body.ref, self.actor))))


class LogHandler(NexusHandler):
    """The commits."""

    operations: ClassVar[Operations] = {"get": Operation("List the commits, newest first", answer=list[VersionInfo])}

    @guarded("version.read")
    async def get(self) -> None:
        """List the newest ``limit`` commits of the present branch; with ``all=1``, of all branches and tags."""
        limit = self.query_number("limit", _LOG_DEFAULT, least=1, most=_LOG_LIMIT) or _LOG_DEFAULT
        everything = self.get_query_argument("all", "0") == "1"
        kernel = await self.workspace()
        found = await self.work(lambda: kernel.versions.log(limit, everything=everything))
        self.reply([version_info(version) for version in found])


class DiffHandler(NexusHandler):
    """What differs."""

    operations: ClassVar[Operations] = {
        "get": Operation("What differs in meaning between two versions", answer=list[EntityChange])
    }

    @guarded("version.read")
    async def get(self) -> None:
        """Compare ``a`` (the newest commit when left out) with ``b`` (the present): names of versions, or ``@REV``."""
        kernel = await self.workspace()
        a, b = (self.get_query_argument(name, None) for name in ("a", "b"))
        self.reply(await self.work(lambda: kernel.versions.diff(a, b)))


class BranchHandler(NexusHandler):
    """The branches."""

    operations: ClassVar[Operations] = {
        "get": Operation("List the branches", answer=list[BranchInfo]),
        "post": Operation("Make a branch", body=BranchBody, answer=BranchInfo),
    }

    @guarded("version.read")
    async def get(self) -> None:
        """List the branches."""
        kernel = await self.workspace()
        self.reply(await self.work(kernel.versions.branches))

    @guarded("version.branch")
    async def post(self) -> None:
        """Make a branch."""
        body = self.body(BranchBody)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.versions.branch(body.name, self.actor, at=body.at)), 201)


class SwitchHandler(NexusHandler):
    """Going to another branch."""

    operations: ClassVar[Operations] = {"post": Operation("Go to a branch", body=SwitchBody, answer=RevInfo)}

    @guarded("version.branch")
    async def post(self) -> None:
        """Go to a branch."""
        body = self.body(SwitchBody)
        kernel = await self.workspace()
        self.reply(_rev(kernel, await self.work(lambda: kernel.versions.switch(body.branch, self.actor))))


class MergeHandler(NexusHandler):
    """Merges."""

    operations: ClassVar[Operations] = {
        "post": Operation("Merge a version into the present branch", body=MergeBody, answer=MergeInfo)
    }

    @guarded("version.branch")
    async def post(self) -> None:
        """Merge."""
        body = self.body(MergeBody)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.versions.merge(body.ref, self.actor)))


class RevertHandler(NexusHandler):
    """Taking back."""

    operations: ClassVar[Operations] = {
        "post": Operation("Take back a change, one op of it, or a commit", body=RevertBody, answer=MergeInfo)
    }

    @guarded("panel.revert")
    async def post(self) -> None:
        """Take back."""
        body = self.body(RevertBody)
        if (body.rev is None) == (body.ref is None):
            raise RequestError("Say what to take back: either a rev, or a commit (ref).")
        kernel = await self.workspace()
        self.reply(
            await self.work(lambda: kernel.versions.revert(self.actor, rev=body.rev, ops=body.ops, ref=body.ref))
        )


class TagHandler(NexusHandler):
    """Names of versions."""

    operations: ClassVar[Operations] = {"post": Operation("Name a version", body=TagBody, answer=VersionInfo)}

    @guarded("version.make")
    async def post(self) -> None:
        """Name a version."""
        body = self.body(TagBody)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.versions.tag(body.name, self.actor, at=body.at)), 201)


class RemoteHandler(NexusHandler):
    """Other repositories."""

    operations: ClassVar[Operations] = {
        "get": Operation("List the confirmed remotes", answer=list[RemoteInfo]),
        "post": Operation("Confirm a remote", body=RemoteBody, answer=RemoteInfo),
    }

    @guarded("version.read")
    async def get(self) -> None:
        """List the confirmed remotes."""
        kernel = await self.workspace()
        self.reply([RemoteInfo(name=name, url=url) for name, url in kernel.versions.remotes.all().items()])

    @guarded("remote.use")
    async def post(self) -> None:
        """Confirm a remote."""
        body = self.body(RemoteBody)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.versions.remote(body.name, body.url)))


class PushHandler(NexusHandler):
    """Pushing."""

    operations: ClassVar[Operations] = {
        "post": Operation("Push the present branch", body=TransferBody, answer=VersionInfo)
    }

    @guarded("remote.use")
    async def post(self) -> None:
        """Push."""
        body = self.body(TransferBody)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.versions.push(body.remote)))


class PullHandler(NexusHandler):
    """Pulling."""

    operations: ClassVar[Operations] = {
        "post": Operation("Fetch and merge the present branch", body=TransferBody, answer=MergeInfo)
    }

    @guarded("remote.use")
    async def post(self) -> None:
        """Pull."""
        body = self.body(TransferBody)
        kernel = await self.workspace()
        self.reply(await self.work(lambda: kernel.versions.pull(self.actor, body.remote)))


class ConflictsHandler(NexusHandler):
    """The questions that edits left open."""

    operations: ClassVar[Operations] = {
        "get": Operation("List the open conflicts", answer=list[Conflict]),
        "post": Operation("Answer a conflict", body=ResolveBody, answer=RevInfo),
    }

    @guarded("version.read")
    async def get(self) -> None:
        """List the open conflicts, of one ``panel`` or of all."""
        kernel = await self.workspace()
        self.reply(kernel.versions.conflicts(self.get_query_argument("panel", None)))

    @guarded("conflict.resolve")
    async def post(self) -> None:
        """Answer a conflict."""
        body = self.body(ResolveBody)
        kernel = await self.workspace()
        change = await self.work(lambda: kernel.versions.resolve(body.panel, body.conflict, body.pick, self.actor))
        self.reply(_rev(kernel, change))
