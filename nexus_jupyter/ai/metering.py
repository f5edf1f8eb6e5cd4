"""What calls of models are known by, for spans and numbers: never a word of what was said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from nexus_jupyter.protocol.ai import Task, Usage

__all__ = ["CallFact", "Meter"]


@dataclass(frozen=True, slots=True)
class CallFact:
    """One call of one endpoint has begun or ended.

    Attributes
    ----------
    kind
        ``started`` comes first; exactly one of the others follows.
    call
        The same number in both facts of a call.
    attempt
        1 for the first endpoint that a request was sent to, and so on.
    usage
        Tokens and cost; of a call that failed or was cancelled, estimated.
    waited, first, seconds
        Seconds in the queue, to the first token (``None`` if none came), and in all.
    outcome
        ``ok``, ``cut`` (at its limit of tokens), ``cancelled``, or the kind of failure.
    """

    kind: Literal["started", "finished", "failed", "cancelled"]
    call: int
    endpoint: str
    model: str
    task: Task
    user: str
    panel: str | None
    attempt: int
    waited: float
    usage: Usage = field(default_factory=Usage)
    first: float | None = None
    seconds: float = 0
    outcome: str = ""


#: Takes facts; it is called in the event loop, and has to be quick.
Meter = Callable[[CallFact], None]
