"""What is watched for in a workspace, and what was found."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.trilog import AnomalyKind

__all__ = ["Alert", "AlertRule", "AlertState", "CauseLine", "FieldChange"]


class AlertRule(Contract):
    """What is looked for, how often in seconds, and who is told: the server's log, and addresses that get a POST.

    ``sensitivity`` and ``baseline`` (nanoseconds) are those of `AnomaliesBetween`.
    """

    active: bool = False
    every: float = Field(default=60, ge=1)
    kinds: list[AnomalyKind] = ["latency", "outcome", "burst", "value", "transition", "schema"]
    sensitivity: float = Field(default=6, gt=0)
    baseline: int = Field(default=14 * 86_400_000_000_000, gt=0)
    log: bool = True
    webhooks: list[str] = Field(default=[], max_length=8)


class CauseLine(Contract):
    """Something that led to what was found, or came of it; ``depth`` counts from the beginning."""

    depth: int
    kind: str
    text: str
    ts: int
    error: bool


class FieldChange(Contract):
    """What became of a field in the minutes before."""

    field: str
    before: JsonValue
    after: JsonValue
    actor: str
    rev: int


class Alert(Contract):
    """Something unusual, with what led to it and what it changed. Times are nanoseconds since the epoch, UTC.

    ``delivered`` says of each webhook how that went: ``delivered``, or why not.
    """

    id: str
    ts: int
    raised_at: int
    kind: AnomalyKind
    type: str
    object: str
    field: str
    words: str
    value: float
    baseline: float
    threshold: float
    rev: int
    trace_id: str
    cause: list[CauseLine] = []
    changes: list[FieldChange] = []
    delivered: dict[str, str] = {}


class AlertState(Contract):
    """The rule, and the newest alerts, newest first."""

    rule: AlertRule
    alerts: list[Alert]

    def masked(self) -> AlertState:
        """Return the same without the addresses of webhooks, which are keys to whom they lead: their hosts only."""
        names = {url: _masked(url, number) for number, url in enumerate(self.rule.webhooks)}
        alerts = []
        for alert in self.alerts:
            # Alerts of before may have been told to addresses that the rule has no more.
            told = {
                names.get(url, _masked(url, number)): how for number, (url, how) in enumerate(alert.delivered.items())
            }
            alerts.append(alert.model_copy(update={"delivered": told}))
        rule = self.rule.model_copy(update={"webhooks": list(names.values())})
        return AlertState(rule=rule, alerts=alerts)


def _masked(url: str, number: int) -> str:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    return f"webhook {number + 1} ({host})"
