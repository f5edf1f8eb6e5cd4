"""Questions and commands to TriLog, as they cross a wire. Times are nanoseconds since the epoch, UTC."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nexus_jupyter.protocol.base import Contract
from nexus_jupyter.protocol.telemetry import ProcessStep, TwinRecord, TwinSchema

__all__ = [
    "PRESENT",
    "AnomaliesBetween",
    "AnomalyKind",
    "CauseOf",
    "ForgetUser",
    "RecordTwins",
    "RegisterTwin",
    "ReplayBetween",
    "RetainFrom",
    "RevAt",
    "RowsBetween",
    "RowsOf",
    "SqlQuestion",
    "StepFunnel",
    "StepLatency",
    "TriLogCommand",
    "TriLogQuestion",
    "TwinAt",
    "TwinDiff",
    "TwinHistory",
    "WorkspaceAt",
]


#: The moment that stands for the newest state there is, whatever the clocks of those who ask and answer say.
PRESENT = 1 << 62


class SqlQuestion(Contract):
    """Read-only SQL over TriLog's tables."""

    kind: Literal["sql"] = "sql"
    sql: str


class TwinAt(Contract):
    """The state of one object at a moment, one row per field; with ``recorded_by``, as it was known at that time."""

    kind: Literal["at"] = "at"
    type: str
    id: str
    ts: int
    recorded_by: int | None = None


class TwinHistory(Contract):
    """The values that a field of an object had, with the intervals they held; of all fields when none is named."""

    kind: Literal["history"] = "history"
    type: str
    id: str
    field: str | None = None
    start: int | None = None
    end: int | None = None


class WorkspaceAt(Contract):
    """The state of all objects at a moment."""

    kind: Literal["workspace"] = "workspace"
    ts: int
    type: str | None = None


class RevAt(Contract):
    """The rev of the newest change of the journal at a moment, and its time."""

    kind: Literal["rev"] = "rev"
    ts: int


class TwinDiff(Contract):
    """What became of an object's fields between two moments; of all objects when none is named."""

    kind: Literal["diff"] = "diff"
    type: str = "Panel"
    id: str | None = None
    start: int
    end: int


class CauseOf(Contract):
    """All that belongs to a change, a run, a trace, or an error by its sentence: from its beginning to its effects."""

    kind: Literal["cause"] = "cause"
    rev: int | None = None
    run: str | None = None
    trace_id: str | None = None
    message: str | None = None


class StepFunnel(Contract):
    """How many courses of a process reached each step."""

    kind: Literal["funnel"] = "funnel"
    process: str
    start: int | None = None
    end: int | None = None


class StepLatency(Contract):
    """Quantiles of the time from the first to the last step of a process, in milliseconds."""

    kind: Literal["latency"] = "latency"
    process: str
    by: Literal["panel", "actor", "step", "hour", ""] = ""
    quantiles: list[Annotated[float, Field(ge=0, le=1)]] = [0.5, 0.95, 0.99]
    start: int | None = None
    end: int | None = None


class ReplayBetween(Contract):
    """The facts between two moments in order, of one object or of all."""

    kind: Literal["replay"] = "replay"
    start: int
    end: int
    type: str | None = None
    id: str | None = None


RowsOf = Literal["changes", "steps", "spans"]


class RowsBetween(Contract):
    """All that is known from a time to before another, a page at a time: in order of a key, after that of a row."""

    kind: Literal["rows"] = "rows"
    of: RowsOf
    start: int
    end: int
    after: list[str] = []
    limit: Annotated[int, Field(gt=0, le=200_000)] = 100_000


AnomalyKind = Literal["latency", "outcome", "burst", "value", "transition", "schema"]


class AnomaliesBetween(Contract):
    """What was unusual between two moments, beside the ``baseline`` nanoseconds before the end.

    ``sensitivity`` is how many robust standard deviations are too many.
    """

    kind: Literal["anomalies"] = "anomalies"
    start: int
    end: int
    baseline: int = 14 * 86_400_000_000_000
    sensitivity: float = Field(default=6, gt=0)
    kinds: list[AnomalyKind] = ["latency", "outcome", "burst", "value", "transition", "schema"]


TriLogQuestion = Annotated[
    AnomaliesBetween
    | SqlQuestion
    | TwinAt
    | TwinHistory
    | WorkspaceAt
    | RevAt
    | TwinDiff
    | CauseOf
    | StepFunnel
    | StepLatency
    | ReplayBetween
    | RowsBetween,
    Field(discriminator="kind"),
]


class RegisterTwin(Contract):
    """Make the schema of a kind of twin known."""

    command: Literal["register"] = "register"
    twin: TwinSchema


class RecordTwins(Contract):
    """Record facts about objects and steps of processes."""

    command: Literal["record"] = "record"
    twins: list[TwinRecord] = []
    steps: list[ProcessStep] = []


class ForgetUser(Contract):
    """Take a person out of every table."""

    command: Literal["forget"] = "forget"
    user: str


class RetainFrom(Contract):
    """Drop what was over before a time."""

    command: Literal["retain"] = "retain"
    ts: int


TriLogCommand = Annotated[RegisterTwin | RecordTwins | ForgetUser | RetainFrom, Field(discriminator="command")]
