"""A workspace's versions, as seen from Python: in this process, or behind a server. Both answer the same calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter

from nexus_jupyter.protocol.api import RevInfo
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.conflict import Conflict, Pick
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.protocol.versions import BranchInfo, EntityChange, MergeInfo, RemoteInfo, VersionInfo
from nexus_jupyter.workspace import Versioning, WorkspaceKernel, version_info

__all__ = ["LocalVersions", "RemoteVersions", "VersionsHost"]

M = TypeVar("M", bound=BaseModel)


class VersionsHost(Protocol):
    """What `HistoryFace` and `Panel` ask about versions. Errors are those of the protocol."""

    def commit(self, message: str | None, *, without_panels: bool, include: Sequence[str]) -> VersionInfo:
        """Commit."""

    def checkout(self, ref: str) -> RevInfo:
        """Make the workspace what it was in a version."""

    def log(self, limit: int, *, everything: bool) -> list[VersionInfo]:
        """Return the newest commits first."""

    def diff(self, a: str | None, b: str | None) -> list[EntityChange]:
        """Return what differs between two versions."""

    def branches(self) -> list[BranchInfo]:
        """Return all branches."""

    def branch(self, name: str, at: str | None) -> BranchInfo:
        """Make a branch."""

    def switch(self, branch: str) -> RevInfo:
        """Go to a branch."""

    def merge(self, ref: str) -> MergeInfo:
        """Merge a version."""

    def revert(self, rev: int | None, ops: list[int] | None, ref: str | None) -> MergeInfo:
        """Take back a change, some ops of it, or a commit."""

    def tag(self, name: str, at: str | None) -> VersionInfo:
        """Name a version."""

    def remotes(self) -> list[RemoteInfo]:
        """Return the confirmed remotes."""

    def remote(self, name: str, url: str) -> RemoteInfo:
        """Confirm a remote."""

    def push(self, remote: str | None) -> VersionInfo:
        """Push the present branch."""

    def pull(self, remote: str | None) -> MergeInfo:
        """Fetch and merge."""

    def conflicts(self, panel: str | None) -> list[Conflict]:
        """Return the open questions."""

    def resolve(self, panel: str, conflict: str, pick: Pick) -> RevInfo:
        """Answer a question."""


class LocalVersions:
    """Calls the workspace kernel directly.

    Parameters
    ----------
    kernel
        The workspace.
    actor
        Whose calls these are.
    """

    def __init__(self, kernel: WorkspaceKernel, actor: Actor) -> None:
        self._kernel = kernel
        self._actor = actor

    @property
    def _versions(self) -> Versioning:
        self._kernel.opening.check()
        return self._kernel.versions

    def commit(self, message: str | None, *, without_panels: bool, include: Sequence[str]) -> VersionInfo:
        """Commit."""
        return version_info(self._versions.commit(message, self._actor, without_panels=without_panels, include=include))

    def checkout(self, ref: str) -> RevInfo:
        """Make the workspace what it was in a version."""
        return self._rev(self._versions.checkout(ref, self._actor))

    def log(self, limit: int, *, everything: bool) -> list[VersionInfo]:
        """Return the newest commits first."""
        return [version_info(version) for version in self._versions.log(limit, everything=everything)]

    def diff(self, a: str | None, b: str | None) -> list[EntityChange]:
        """Return what differs between two versions."""
        return self._versions.diff(a, b)

    def branches(self) -> list[BranchInfo]:
        """Return all branches."""
        return self._versions.branches()

    def branch(self, name: str, at: str | None) -> BranchInfo:
        """Make a branch."""
        return self._versions.branch(name, self._actor, at=at)

    def switch(self, branch: str) -> RevInfo:
        """Go to a branch."""
        return self._rev(self._versions.switch(branch, self._actor))

    def merge(self, ref: str) -> MergeInfo:
        """Merge a version."""
        return self._versions.merge(ref, self._actor)

    def revert(self, rev: int | None, ops: list[int] | None, ref: str | None) -> MergeInfo:
        """Take back a change, some ops of it, or a commit."""
        return self._versions.revert(self._actor, rev=rev, ops=ops, ref=ref)

    def tag(self, name: str, at: str | None) -> VersionInfo:
        """Name a version."""
        return self._versions.tag(name, self._actor, at=at)

    def remotes(self) -> list[RemoteInfo]:
        """Return the confirmed remotes."""
        return [RemoteInfo(name=name, url=url) for name, url in self._versions.remotes.all().items()]

    def remote(self, name: str, url: str) -> RemoteInfo:
        """Confirm a remote."""
        return self._versions.remote(name, url)

    def push(self, remote: str | None) -> VersionInfo:
        """Push the present branch."""
        return self._versions.push(remote)

    def pull(self, remote: str | None) -> MergeInfo:
        """Fetch and merge."""
        return self._versions.pull(self._actor, remote)

    def conflicts(self, panel: str | None) -> list[Conflict]:
        """Return the open questions."""
        return self._versions.conflicts(panel)

    def resolve(self, panel: str, conflict: str, pick: Pick) -> RevInfo:
        """Answer a question."""
        return self._rev(self._versions.resolve(panel, conflict, pick, self._actor))

    def _rev(self, change: Change | None) -> RevInfo:
        return RevInfo(rev=change.rev if change else self._kernel.head.rev, changed=change is not None)


class Caller(Protocol):
    """Makes an authenticated request below the server's API, and raises the errors that it tells of."""

    def __call__(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: dict[str, JsonValue] | None = None
    ) -> httpx.Response:
        """Make it."""


class RemoteVersions:
    """Calls the server extension over HTTP.

    Parameters
    ----------
    call
        Makes the requests.
    """

    def __init__(self, call: Caller) -> None:
        self._call = call

    def commit(self, message: str | None, *, without_panels: bool, include: Sequence[str]) -> VersionInfo:
        """Commit."""
        return self._post(VersionInfo, "commit", message=message, without_panels=without_panels, include=list(include))

    def checkout(self, ref: str) -> RevInfo:
        """Make the workspace what it was in a version."""
        return self._post(RevInfo, "checkout", ref=ref)

    def log(self, limit: int, *, everything: bool) -> list[VersionInfo]:
        """Return the newest commits first."""
        query = {"limit": str(limit), "all": "1" if everything else "0"}
        return self._list(VersionInfo, "log", query)

    def diff(self, a: str | None, b: str | None) -> list[EntityChange]:
        """Return what differs between two versions."""
        query = {name: ref for name, ref in (("a", a), ("b", b)) if ref is not None}
        return self._list(EntityChange, "diff", query)

    def branches(self) -> list[BranchInfo]:
        """Return all branches."""
        return self._list(BranchInfo, "branch")

    def branch(self, name: str, at: str | None) -> BranchInfo:
        """Make a branch."""
        return self._post(BranchInfo, "branch", name=name, at=at)

    def switch(self, branch: str) -> RevInfo:
        """Go to a branch."""
        return self._post(RevInfo, "switch", branch=branch)

    def merge(self, ref: str) -> MergeInfo:
        """Merge a version."""
        return self._post(MergeInfo, "merge", ref=ref)

    def revert(self, rev: int | None, ops: list[int] | None, ref: str | None) -> MergeInfo:
        """Take back a change, some ops of it, or a commit."""
        return self._post(MergeInfo, "revert", rev=rev, ops=None if ops is None else [*ops], ref=ref)

    def tag(self, name: str, at: str | None) -> VersionInfo:
        """Name a version."""
        return self._post(VersionInfo, "tag", name=name, at=at)

    def remotes(self) -> list[RemoteInfo]:
        """Return the confirmed remotes."""
        return self._list(RemoteInfo, "remote")

    def remote(self, name: str, url: str) -> RemoteInfo:
        """Confirm a remote."""
        return self._post(RemoteInfo, "remote", name=name, url=url)

    def push(self, remote: str | None) -> VersionInfo:
        """Push the present branch."""
        return self._post(VersionInfo, "push", remote=remote)

    def pull(self, remote: str | None) -> MergeInfo:
        """Fetch and merge."""
        return self._post(MergeInfo, "pull", remote=remote)

    def conflicts(self, panel: str | None) -> list[Conflict]:
        """Return the open questions."""
        return self._list(Conflict, "conflicts", {"panel": panel} if panel is not None else None)

    def resolve(self, panel: str, conflict: str, pick: Pick) -> RevInfo:
        """Answer a question."""
        return self._post(RevInfo, "conflicts", panel=panel, conflict=conflict, pick=pick)

    def _post(self, model: type[M], path: str, **body: JsonValue) -> M:
        return model.model_validate_json(self._call("POST", f"workspace/{path}", body=body).content)

    def _list(self, model: type[M], path: str, query: dict[str, str] | None = None) -> list[M]:
        answer = self._call("GET", f"workspace/{path}", query=query)
        return TypeAdapter(list[model]).validate_json(answer.content)  # type: ignore[valid-type]  # a model made known here
