"""What one run may use."""

from __future__ import annotations

from dataclasses import dataclass, field

from nexus_jupyter.engine import Limits

__all__ = ["RunLimits"]


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Limits of one run.

    Attributes
    ----------
    machine
        Memory, processor time and output.
    wall_seconds
        From the start to the end, waiting included.
    calls_at_once
        Host calls under way at the same time.
    calls
        Host calls in all.
    answer_bytes
        Size of what one host call may bring back.
    """

    machine: Limits = field(default_factory=Limits)
    wall_seconds: float = 60.0
    calls_at_once: int = 64
    calls: int = 10_000
    answer_bytes: int = 8 << 20
