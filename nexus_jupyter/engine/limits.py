"""What a call may use, and how it ends when it uses more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nexus_jupyter.protocol.errors import EngineError

__all__ = ["EngineFailure", "FailureKind", "JsFrame", "Limits"]

FailureKind = Literal["threw", "timeout", "memory", "stack", "output", "never"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one call.

    Attributes
    ----------
    memory_bytes
        All memory of the instance; JavaScript's own allocator stops 8 MB below it, so that it can still say so.
    cpu_seconds
        Time in the engine, by epoch ticks of 5 ms; waiting costs nothing.
    output_bytes
        Length of the result as JSON.
    """

    memory_bytes: int = 128 << 20
    cpu_seconds: float = 5.0
    output_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class JsFrame:
    """A line of a JavaScript stack, innermost first; line and column are one-based."""

    function: str
    file: str
    line: int
    col: int


class EngineFailure(EngineError):
    """A call into JavaScript that did not end well. ``kind`` says how; ``name`` is the JavaScript error's."""

    def __init__(
        self, message: str, *, kind: FailureKind, name: str = "", stack: tuple[JsFrame, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.name = name
        self.stack = stack
