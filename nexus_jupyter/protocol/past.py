"""The past of a workspace as pages ask for it: changes for a time bar, and panels as they were.

All of it is worked out from the journal. Requests are frames of the stream protocol; answers are values of its results.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nexus_jupyter.protocol.base import Contract, JsonValue

__all__ = [
    "BranchFrom",
    "HistoryMoved",
    "HistoryRequest",
    "PastFrame",
    "PastPanel",
    "PastRequest",
    "RevertRequest",
    "Tick",
    "Ticks",
]


class HistoryRequest(Contract):
    """Ask for the changes of a panel, or of the whole workspace, after one rev and up to another.

    When there are more than ``most``, they are thinned evenly. The first change after the answer is told of by one
    `HistoryMoved`; the next request asks for the next.
    """

    type: Literal["history"] = "history"
    id: str
    panel: str | None = None
    after: int = Field(default=0, ge=0)
    upto: int | None = None
    most: int = Field(default=400, ge=2, le=2000)


class PastRequest(Contract):
    """Ask for a panel as it was after a rev, or at a time in nanoseconds since the epoch."""

    type: Literal["past"] = "past"
    id: str
    panel: str
    rev: int | None = Field(default=None, ge=0)
    ts: int | None = None


class RevertRequest(Contract):
    """Take back one change of the journal, or some ops of it; what came since stays."""

    type: Literal["revert"] = "revert"
    id: str
    rev: int
    ops: list[int] | None = None


class BranchFrom(Contract):
    """Make a branch that holds the workspace's panels as they were after a rev; the present branch stays."""

    type: Literal["branch"] = "branch"
    id: str
    name: str
    rev: int


#: What is asked about the past, and wanted done from there; each is answered by a result.
PastFrame = HistoryRequest | PastRequest | RevertRequest | BranchFrom


class HistoryMoved(Contract):
    """There are changes that the last answer to a `HistoryRequest` has not; ``rev`` is that of the first."""

    type: Literal["history.moved"] = "history.moved"
    rev: int


class Tick(Contract):
    """A change, in words. ``count`` is how many it stands for, itself the newest of them; ``ts`` in nanoseconds.

    ``text`` says who did what, ``what`` which values were changed from what to what.
    """

    rev: int
    ts: int
    actor: str
    kind: str
    via: str
    panel: str | None
    text: str
    what: str
    count: int = 1


class Ticks(Contract):
    """Changes, oldest first. ``begins`` is the rev that the history can be told from, at ``begins_ts``; 0 if all."""

    ticks: list[Tick]
    newest: int
    begins: int
    begins_ts: int


class PastPanel(Contract):
    """A panel as it was.

    Attributes
    ----------
    rev, ts
        The moment: the rev that was asked for, and when it was made.
    exists
        Whether there was such a panel.
    state, links
        Values of its states and links, as the person who asks had them.
    cause
        The newest change until then that concerned the panel.
    present
        Frames whose rows are those of now, since those of then are not kept or may be others.
    """

    panel: str
    rev: int
    ts: int
    exists: bool
    nxml: str = ""
    state: dict[str, JsonValue] = {}
    links: dict[str, JsonValue] = {}
    cause: Tick | None = None
    present: list[str] = []
