"""What a machine may use, and how it ends when it uses more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nexus_jupyter.protocol.errors import EngineError

__all__ = ["EngineFailure", "FailureKind", "JsFrame", "Limits", "parse_stack"]

FailureKind = Literal["threw", "timeout", "memory", "stack", "output", "cancelled"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one machine.

    Attributes
    ----------
    memory_bytes
        All memory of the instance; JavaScript's own allocator stops 8 MB below it, so that it can still say so.
    cpu_seconds
        Processor time of the thread, summed over all messages; waiting costs nothing.
    output_bytes
        Length of one report, as MessagePack.
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
    """A message that did not end well. ``kind`` says how; ``name`` is the JavaScript error's."""

    def __init__(
        self, message: str, *, kind: FailureKind, name: str = "", stack: tuple[JsFrame, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.name = name
        self.stack = stack


def parse_stack(stack: str) -> tuple[JsFrame, ...]:
    """Read lines such as ``at add (counter/add:3:7)``."""
    frames = []
    for line in stack.splitlines():
        text = line.strip().removeprefix("at ")
        function, _, place = text.rpartition("(") if text.endswith(")") else ("", "", text)
        file, _, rest = place.rstrip(")").rpartition(":")
        file, _, middle = file.rpartition(":") if file.rpartition(":")[2].isdigit() else (file, "", rest)
        if middle.isdigit() and rest.isdigit():
            frames.append(JsFrame(function.strip(), file, int(middle), int(rest) if middle is not rest else 1))
    return tuple(frames)
