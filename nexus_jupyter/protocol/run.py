"""One run of an action in the sandbox."""

from __future__ import annotations

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.patch import Op

__all__ = ["Profile", "RunRecord"]


class Profile(Contract):
    """What a run used: milliseconds of CPU in the engine, of wall clock, and bytes of the engine's memory."""

    cpu_ms: float
    wall_ms: float
    memory_bytes: int


class RunRecord(Contract):
    """The outcome of a run that succeeded. ``rev`` is the rev after it; ``ops`` is empty when nothing changed."""

    id: str
    panel: str
    action: str
    value: JsonValue
    ops: list[Op]
    rev: int
    trace_id: str
    profile: Profile
    logs: list[str] = []
