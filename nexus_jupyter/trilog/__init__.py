"""TriLog: what was it, when, and why did it change."""

from nexus_jupyter.trilog.recorder import Operation, Recorder
from nexus_jupyter.trilog.store import TriLog

__all__ = ["Operation", "Recorder", "TriLog"]
