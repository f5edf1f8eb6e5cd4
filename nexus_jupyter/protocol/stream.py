"""The stream protocol, the same over WebSocket and comm.

Requests carry an ``id`` chosen by the client; the server answers each with one ``result``. Pages of frames are answered
by one binary message: four bytes (big endian) with the length of a JSON `PageHeader`, the header, then an Arrow IPC
stream.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nexus_jupyter.protocol.adoption import AdoptionAllow, AdoptionRequest
from nexus_jupyter.protocol.asking import AskingFrame, AskProgress
from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.capability import Capability, ChangedGrant, Grant
from nexus_jupyter.protocol.coediting import CodeClose, CodeOpen, CodeUpdate, CodeUpdated
from nexus_jupyter.protocol.conflict import Conflicts, Resolve
from nexus_jupyter.protocol.diagnostics import Diagnostic
from nexus_jupyter.protocol.function import ExposedFunction
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.pages import AggregateRequest, Marks
from nexus_jupyter.protocol.panel import Ordering
from nexus_jupyter.protocol.past import HistoryMoved, PastFrame
from nexus_jupyter.protocol.patch import Cause, Op
from nexus_jupyter.protocol.presence import Focus, Presence
from nexus_jupyter.protocol.problem import Problem
from nexus_jupyter.protocol.run import Profile

__all__ = ["PROTOCOL_VERSION", "ClientFrame", "ServerFrame"]

PROTOCOL_VERSION = 1


class Hello(Contract):
    """First frame of a connection. ``token`` is a short-lived ticket where neither cookie nor header can be sent."""

    type: Literal["hello"] = "hello"
    version: int
    token: str | None = None


class Subscribe(Contract):
    """Follow a panel. With ``rev``, the client has the panel as of that rev and wants what it missed."""

    type: Literal["subscribe"] = "subscribe"
    panel: str
    rev: int | None = None


class Unsubscribe(Contract):
    """Stop following a panel."""

    type: Literal["unsubscribe"] = "unsubscribe"
    panel: str


#: Where a click stands in its trace, in the form of W3C's header of that name.
TraceParent = Annotated[str | None, Field(max_length=64)]


class Trigger(Contract):
    """Run an action.

    ``args`` are by position as written in the view, or by name; ``state`` has what only the view knows.
    """

    type: Literal["trigger"] = "trigger"
    id: str
    panel: str
    action: str
    args: list[JsonValue] | dict[str, JsonValue] = []
    event: JsonValue = None
    state: dict[str, JsonValue] = {}
    element: str | None = None
    traceparent: TraceParent = None


class StatePlace(Contract):
    """A field of an item of a list. Where ``key`` names a field, the item is the one that has ``equals`` there."""

    index: int
    key: list[str] | None = None
    equals: JsonValue = None
    path: list[str]


class SetState(Contract):
    """Give a state a value, from a bound control; with ``at``, a field of one of its items."""

    type: Literal["set"] = "set"
    id: str
    panel: str
    name: str
    value: JsonValue
    at: StatePlace | None = None
    element: str | None = None
    traceparent: TraceParent = None


class FramePage(Contract):
    """Ask for rows of a query or frame, and for numbers over all of its rows.

    ``limit`` 0 asks for the numbers alone. ``state`` gives values of view-scoped states, which only the client knows.
    ``marks`` asks for what a chart draws of the rows, in place of a page. With ``at``, query and states are those of a
    rev.
    """

    type: Literal["frame.page"] = "frame.page"
    id: str
    panel: str
    query: str
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=100, ge=0, le=10_000)
    order: list[Ordering] = []
    aggregates: list[AggregateRequest] = []
    state: dict[str, JsonValue] = {}
    marks: Marks | None = None
    at: int | None = None


class Undo(Contract):
    """Take back (or, with ``redo``, do again) the client's last change of a panel."""

    type: Literal["undo"] = "undo"
    id: str
    panel: str
    redo: bool = False
    traceparent: TraceParent = None


class Cancel(Contract):
    """Cancel the run that a trigger of this id started. Whether it came in time, the trigger's result tells."""

    type: Literal["cancel"] = "cancel"
    id: str


class GrantRequest(Contract):
    """Allow a panel something, for some seconds or until revoked; ``code`` is the digest that came with `Grants`."""

    type: Literal["grant"] = "grant"
    id: str
    panel: str
    cap: Capability
    target: str | None = None
    seconds: float | None = Field(default=None, gt=0)
    code: str | None = None


class RevokeRequest(Contract):
    """Take back what a panel was allowed; without a capability, all of it."""

    type: Literal["revoke"] = "revoke"
    id: str
    panel: str
    cap: Capability | None = None
    target: str | None = None


class Expose(Contract):
    """Offer functions of the client's notebook to panels, in place of those offered before."""

    type: Literal["expose"] = "expose"
    id: str
    functions: list[ExposedFunction]


class Upload(Contract):
    """A part of a file that the person has chosen, in base64; ``last`` ends it, and its result tells the path."""

    type: Literal["upload"] = "upload"
    id: str
    panel: str
    file: str
    name: str
    data: str
    last: bool


class Answer(Contract):
    """What a called function gave."""

    type: Literal["answer"] = "answer"
    call: int
    value: JsonValue = None
    error: str | None = None


class Ping(Contract):
    """Ask whether anybody is there."""

    type: Literal["ping"] = "ping"
    id: str


ClientFrame = Annotated[
    Hello
    | Subscribe
    | Unsubscribe
    | Trigger
    | Cancel
    | SetState
    | FramePage
    | Undo
    | GrantRequest
    | RevokeRequest
    | Expose
    | Upload
    | Answer
    | Focus
    | CodeOpen
    | CodeUpdate
    | CodeClose
    | Resolve
    | PastFrame
    | AskingFrame
    | AdoptionRequest
    | AdoptionAllow
    | Ping,
    Field(discriminator="type"),
]


class Welcome(Contract):
    """The connection is accepted; ``viewer`` is its id among those who look at panels.

    ``foreign`` says that the workspace's folder came from elsewhere: `AdoptionRequest` asks what was taken of it.
    """

    type: Literal["welcome"] = "welcome"
    version: int
    workspace: str
    rev: int
    user: Actor
    host: Literal["server", "kernel"]
    viewer: str
    foreign: bool = False


class Snapshot(Contract):
    """A panel as a whole. ``state`` holds the values of shared states by name."""

    type: Literal["snapshot"] = "snapshot"
    panel: str
    rev: int
    nxml: str
    state: dict[str, JsonValue]


class PatchFrame(Contract):
    """A change of a panel, in rev order. ``nxml`` is the new text when the change touched more than state values."""

    type: Literal["patch"] = "patch"
    panel: str
    rev: int
    ops: list[Op]
    cause: Cause
    actor: Actor
    nxml: str | None = None


class Result(Contract):
    """The answer to a request: a value, or a problem.

    ``rev`` is the rev after it; ``seen`` has what a run has made of the states that only the view knows.
    """

    type: Literal["result"] = "result"
    id: str
    rev: int
    value: JsonValue = None
    problem: Problem | None = None
    profile: Profile | None = None
    seen: dict[str, JsonValue] = {}


class DiagnosticsFrame(Contract):
    """Somebody tried to replace the panel by a text with errors; the panel is as it was."""

    type: Literal["diagnostics"] = "diagnostics"
    panel: str
    diagnostics: list[Diagnostic]


class Reset(Contract):
    """The panel was replaced by another version (a checkout): forget what you have, take this."""

    type: Literal["reset"] = "reset"
    panel: str
    rev: int
    nxml: str
    state: dict[str, JsonValue]


class Gone(Contract):
    """The panel does not exist (any more)."""

    type: Literal["gone"] = "gone"
    panel: str
    rev: int


class FrameChanged(Contract):
    """A frame was bound anew: pages made from it are stale."""

    type: Literal["frame"] = "frame"
    name: str
    rev: int


class Grants(Contract):
    """What a panel is allowed at this moment; sent after each snapshot and when it changes.

    ``changed`` has what it was allowed with other code; ``code`` is the digest of the code that it has.
    """

    type: Literal["grants"] = "grants"
    panel: str
    grants: list[Grant]
    changed: list[ChangedGrant] = []
    code: str = ""


class EffectFrame(Contract):
    """Something that a panel's run wants shown (``notify``), copied (``clipboard``), or told (``event``).

    ``name`` is the note's level, or the event's name.
    """

    type: Literal["effect"] = "effect"
    kind: Literal["notify", "clipboard", "event"]
    panel: str
    name: str
    data: JsonValue


class CallFrame(Contract):
    """Call a function that this client exposes; ``args`` are by name.

    With ``table``, a table is wanted, as a binary message of a `TableAnswer` and an Arrow stream.
    """

    type: Literal["call"] = "call"
    call: int
    function: str
    args: dict[str, JsonValue]
    table: bool = False


class CancelCall(Contract):
    """Nobody waits for a call any more."""

    type: Literal["call.cancel"] = "call.cancel"
    call: int


class Links(Contract):
    """The values that a panel links to in others; sent after each snapshot and when one changes."""

    type: Literal["links"] = "links"
    panel: str
    values: dict[str, JsonValue]


class DraftFrame(Contract):
    """A panel's text as far as it has arrived; ``done`` when the panel has been made of it, or it was given up."""

    type: Literal["draft"] = "draft"
    panel: str
    nxml: str
    done: bool = False


class Notice(Contract):
    """A sentence for the person, not tied to a request."""

    type: Literal["notice"] = "notice"
    level: Literal["info", "warning", "error"]
    message: str
    code: str = ""


class Pong(Contract):
    """Answer to ping."""

    type: Literal["pong"] = "pong"
    id: str


ServerFrame = Annotated[
    Welcome
    | Snapshot
    | PatchFrame
    | Result
    | DiagnosticsFrame
    | Reset
    | Gone
    | FrameChanged
    | Grants
    | EffectFrame
    | CallFrame
    | CancelCall
    | Links
    | DraftFrame
    | Presence
    | Conflicts
    | CodeUpdated
    | HistoryMoved
    | AskProgress
    | Notice
    | Pong,
    Field(discriminator="type"),
]
