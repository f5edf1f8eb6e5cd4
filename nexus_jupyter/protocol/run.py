"""One run of an action in the sandbox."""

from __future__ import annotations

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.patch import Op

__all__ = ["HostCall", "Profile", "RunRecord"]


class HostCall(Contract):
    """Something that a run asked of its host: the operation, milliseconds until its answer, and whether it failed."""

    op: str
    ms: float
    failed: bool


class Profile(Contract):
    """What a run used: milliseconds of CPU in the engine, of wall clock, and bytes of the engine's memory.

    Waiting for the host costs wall clock only.
    """

    cpu_ms: float
    wall_ms: float
    memory_bytes: int
    host_calls: list[HostCall] = []


class RunRecord(Contract):
    """The outcome of a run that succeeded.

    ``rev`` is the rev after it; ``ops`` is empty when nothing changed. ``seen`` has what it made of states of scope
    ``view``, which the workspace does not keep.
    """

    id: str
    panel: str
    action: str
    value: JsonValue
    ops: list[Op]
    rev: int
    trace_id: str
    profile: Profile
    logs: list[str] = []
    seen: dict[str, JsonValue] = {}
