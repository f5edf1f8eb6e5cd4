"""Bodies of the REST calls that are not contracts of their own."""

from __future__ import annotations

from pydantic import Field

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.conflict import Conflict
from nexus_jupyter.protocol.patch import Patch

__all__ = [
    "CheckBody",
    "CountInfo",
    "DashboardBody",
    "DraftBody",
    "ExportBody",
    "ExportInfo",
    "GrantBody",
    "HistoryBody",
    "PanelBody",
    "PanelInfo",
    "PatchBody",
    "ReplayInfo",
    "RevInfo",
    "RevokeBody",
    "RunBody",
    "RunInfo",
    "StateBody",
    "TextInfo",
    "ValuesInfo",
]


class PanelBody(Contract):
    """A panel to create or replace. ``name`` is taken from the path when that has one."""

    name: str | None = None
    nxml: str
    via: str = Field(default="api", pattern="^(api|cell)$")


class ValuesInfo(Contract):
    """Values of a panel by name: states, links and computed values, as one person has them.

    ``problems`` says why others have no value. ``page`` names the states of scope ``view``, which only pages have.
    """

    present: dict[str, JsonValue]
    problems: dict[str, str] = {}
    page: list[str] = []


class DashboardBody(Contract):
    """A bound frame to make a dashboard of.

    ``called`` has what people call a column, by its name in the frame, and ``omitted`` what the frame lacks, and why.
    """

    frame: str
    called: dict[str, str] = {}
    omitted: dict[str, str] = {}
    via: str = Field(default="api", pattern="^(api|cell)$")


class PanelInfo(Contract):
    """A panel as it is at ``rev``, with the questions that wait for an answer."""

    name: str
    title: str
    nxml: str
    state: dict[str, JsonValue]
    rev: int
    conflicts: list[Conflict] = []


class RunBody(Contract):
    """Arguments of an action, by position or by name."""

    args: list[JsonValue] | dict[str, JsonValue] = []
    event: JsonValue = None


class GrantBody(Contract):
    """Something to allow a panel: without a target, for any; without seconds, until revoked."""

    panel: str
    cap: str
    target: str | None = None
    seconds: float | None = Field(default=None, gt=0)


class RevokeBody(Contract):
    """What to take back from a panel; without a capability, all of it."""

    panel: str
    cap: str | None = None
    target: str | None = None


class CountInfo(Contract):
    """How many there were."""

    count: int


class RunInfo(Contract):
    """A run that was recorded. ``ts`` is when it began, in nanoseconds since the epoch."""

    id: str
    ts: int
    panel: str
    action: str
    actor: str
    outcome: str
    cpu_ms: float
    wall_ms: float
    memory_bytes: int


class ReplayInfo(Contract):
    """A recorded run, run again; ``same`` if every report of the machine was the same, bit for bit."""

    run: str
    same: bool
    outcome: str
    value: JsonValue
    changes: dict[str, JsonValue]
    logs: list[str]
    differs_at: int | None


class StateBody(Contract):
    """Values of states by name; all are set or none.

    ``call`` is the call of a notebook's function that sets them: all that one call sets is one step of undo.
    """

    values: dict[str, JsonValue]
    call: str | None = Field(None, pattern=r"^call-[0-9a-f]{32}$")


class PatchBody(Contract):
    """A patch to a panel: in its JSON form, or as XML text."""

    panel: str
    patch: Patch | None = None
    xml: str | None = None


class HistoryBody(Contract):
    """Which of undo and redo."""

    redo: bool = False


class ExportBody(Contract):
    """Panels to make a page of; all when none is named.

    ``beside`` is the folder beside the page that will have the rows which the page has no room for.
    """

    panels: list[str] = []
    title: str | None = None
    beside: str = Field("", max_length=255)


class ExportInfo(Contract):
    """A page of panels; ``cut`` are the bound frames of which it has a part."""

    html: str
    cut: list[str]


class DraftBody(Contract):
    """A panel's text as far as it has arrived; null when that is over."""

    nxml: str | None = None


class CheckBody(Contract):
    """A text to check, format or fix."""

    nxml: str


class RevInfo(Contract):
    """The rev after a call; ``changed`` says whether the call made one, ``notes`` what else a person should know."""

    rev: int
    changed: bool
    notes: list[str] = []


class TextInfo(Contract):
    """A text."""

    text: str
