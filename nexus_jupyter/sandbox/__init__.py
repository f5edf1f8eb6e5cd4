"""The sandbox: runs of handlers, and what they may ask of their host."""

from nexus_jupyter.sandbox.capabilities import FREE, Token, covers, require_target
from nexus_jupyter.sandbox.databases import Databases
from nexus_jupyter.sandbox.files import Files
from nexus_jupyter.sandbox.host import Caller, Operations
from nexus_jupyter.sandbox.images import Program
from nexus_jupyter.sandbox.limits import ParkingLimits, RunLimits
from nexus_jupyter.sandbox.network import Network
from nexus_jupyter.sandbox.sandbox import Job, Sandbox, SandboxResult, Started
from nexus_jupyter.sandbox.timers import timers

__all__ = [
    "FREE",
    "Caller",
    "Databases",
    "Files",
    "Job",
    "Network",
    "Operations",
    "ParkingLimits",
    "Program",
    "RunLimits",
    "Sandbox",
    "SandboxResult",
    "Started",
    "Token",
    "covers",
    "require_target",
    "timers",
]
