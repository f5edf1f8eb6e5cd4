"""TriLog: what was it, when, and why did it change."""

from nexus_jupyter.trilog.model import Flow, Ref, TwinObject, TwinProcess, pii, step, tracked
from nexus_jupyter.trilog.recorder import Operation, Recorder, current_ids, traceparent
from nexus_jupyter.trilog.soundness import unsound
from nexus_jupyter.trilog.store import TriLog

__all__ = [
    "Flow",
    "Operation",
    "Recorder",
    "Ref",
    "TriLog",
    "TwinObject",
    "TwinProcess",
    "current_ids",
    "pii",
    "step",
    "traceparent",
    "tracked",
    "unsound",
]
