"""What one run may use."""

from __future__ import annotations

from dataclasses import dataclass, field

from nexus_jupyter.engine import Limits

__all__ = ["ParkingLimits", "RunLimits"]


@dataclass(frozen=True, slots=True)
class ParkingLimits:
    """Limits of the runs under way, those that wait included.

    Attributes
    ----------
    runs_per_panel, runs_per_person, runs_per_workspace
        How many a panel, a person and a workspace may have.
    bytes_per_panel, bytes_per_person, bytes_per_workspace
        Memory that those may keep together which wait.
    queued_per_person
        How many runs one person may have asked for that have not ended, begun or not.
    """

    runs_per_panel: int = 32
    runs_per_person: int = 64
    runs_per_workspace: int = 256
    bytes_per_panel: int = 512 << 20
    bytes_per_person: int = 1 << 30
    bytes_per_workspace: int = 2 << 30
    queued_per_person: int = 512


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Limits of one run.

    Attributes
    ----------
    machine
        Memory, processor time, and what a run may return, change and log in all.
    wall_seconds
        From the start to the end, waiting included.
    calls_at_once
        Host calls under way at the same time.
    calls
        Host calls in all.
    answer_bytes
        Size of what one host call may bring back.
    request_bytes
        Size of the requests that one step may make; a larger one is refused to the handler.
    parking
        How many runs may be under way besides.
    """

    machine: Limits = field(default_factory=Limits)
    wall_seconds: float = 60.0
    calls_at_once: int = 64
    calls: int = 10_000
    answer_bytes: int = 8 << 20
    request_bytes: int = 16 << 20
    parking: ParkingLimits = field(default_factory=ParkingLimits)
