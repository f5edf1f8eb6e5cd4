"""Versions of a workspace: branches, what a merge came to, and what differs, in words."""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.conflict import Conflict, Pick

__all__ = [
    "BranchBody",
    "BranchInfo",
    "CheckoutBody",
    "CommitBody",
    "EntityChange",
    "MergeBody",
    "MergeInfo",
    "RemoteBody",
    "RemoteInfo",
    "ResolveBody",
    "RevertBody",
    "SwitchBody",
    "TagBody",
    "TransferBody",
    "VersionInfo",
]


class VersionInfo(Contract):
    """A commit. ``time`` is ISO 8601 in UTC; ``refs`` are the branches and tags that name it.

    ``graph`` is the drawing of the commits' graph in front of its line, as git draws it, where a log was asked for.
    ``notes`` are sentences for the person who made it: what is not in it, and what was kept elsewhere.
    """

    id: str
    message: str
    author: str
    time: str
    parents: list[str] = []
    refs: list[str] = []
    graph: str = ""
    notes: list[str] = []


class BranchInfo(Contract):
    """A branch and its newest commit; ``current`` is the one that the next commit goes to."""

    name: str
    id: str
    current: bool = False


class MergeInfo(Contract):
    """What a merge, a pull or a revert came to.

    Attributes
    ----------
    outcome
        ``nothing``: there was nothing to do. ``merged``: done, with a commit. ``conflicts``: all but what excludes each
        other is done; the commit is made when the questions are answered.
    rev
        The rev after it.
    version
        The commit, once there is one.
    conflicts
        The questions.
    overruled
        Values that a later one of the other side has replaced, in words.
    notes
        What else a person should know, such as files kept beside others.
    """

    outcome: Literal["nothing", "merged", "conflicts"]
    rev: int
    version: VersionInfo | None = None
    conflicts: list[Conflict] = []
    overruled: list[str] = []
    notes: list[str] = []


class EntityChange(Contract):
    """One difference in meaning between two versions of a panel.

    ``entity`` is an id of the graph, that of the panel itself when the panel came or went; ``words`` is what a person
    reads.
    """

    panel: str
    kind: Literal["added", "removed", "changed", "moved", "renamed"]
    entity: str
    type: str
    attr: str | None = None
    before: JsonValue = None
    after: JsonValue = None
    words: str


class RemoteInfo(Contract):
    """A repository to push to and to pull from."""

    name: str
    url: str


class CommitBody(Contract):
    """A commit message; made from what changed when left out.

    ``without_panels`` says that the version may lack every panel that the newest one has; ``include`` names files that
    go into it although they look like secrets.
    """

    message: str | None = None
    without_panels: bool = False
    include: list[str] = []


class CheckoutBody(Contract):
    """The version to go to: a commit id, ``HEAD~n``, a branch or a tag."""

    ref: str


class BranchBody(Contract):
    """A branch to make, at a version; at the newest when left out."""

    name: str
    at: str | None = None


class SwitchBody(Contract):
    """The branch to go to."""

    branch: str


class MergeBody(Contract):
    """What to merge into the present branch."""

    ref: str


class RevertBody(Contract):
    """What to take back: one change of the journal by its rev, or some ops of it, or a commit."""

    rev: int | None = None
    ops: list[int] | None = None
    ref: str | None = None


class TagBody(Contract):
    """A name for a version; for the newest when none is given."""

    name: str
    at: str | None = None


class RemoteBody(Contract):
    """A remote to remember."""

    name: str
    url: str


class TransferBody(Contract):
    """The remote to push to or to pull from; the only one, or ``origin``, when left out."""

    remote: str | None = None


class ResolveBody(Contract):
    """An answer to a conflict's question."""

    panel: str
    conflict: str
    pick: Pick
