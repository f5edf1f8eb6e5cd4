"""The one way to start a process: isolated from the current folder, with little environment, bounded and confined."""

from nexus_jupyter.processes.child import Answer, Child, Ended, Limits, answer, environment, run, start
from nexus_jupyter.processes.confinement import Confinement, Layers, supported

__all__ = [
    "Answer",
    "Child",
    "Confinement",
    "Ended",
    "Layers",
    "Limits",
    "answer",
    "environment",
    "run",
    "start",
    "supported",
]
