"""The one way to start a process: isolated from the current folder, with little environment, bounded and confined."""

from nexus_jupyter.processes.child import Child, Ended, Limits, environment, run, start
from nexus_jupyter.processes.confinement import Confinement, Layers, supported

__all__ = ["Child", "Confinement", "Ended", "Layers", "Limits", "environment", "run", "start", "supported"]
