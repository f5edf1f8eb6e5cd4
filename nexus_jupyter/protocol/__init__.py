"""The dictionary of Nexus: every value that crosses a border, defined once.

Python uses these Pydantic models; ``js/protocol`` is generated from them.
"""

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.diagnostics import Diagnostic, Fix, Span, TextEdit
from nexus_jupyter.protocol.graph import Edge, Entity
from nexus_jupyter.protocol.identity import SYSTEM, Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Cause, Change, Op, Patch
from nexus_jupyter.protocol.problem import Problem
from nexus_jupyter.protocol.run import Profile, RunRecord

__all__ = [
    "SYSTEM",
    "Actor",
    "Build",
    "Cause",
    "Change",
    "Contract",
    "Diagnostic",
    "Edge",
    "Entity",
    "Fix",
    "JsonValue",
    "Op",
    "Patch",
    "Problem",
    "Profile",
    "RunRecord",
    "Span",
    "TextEdit",
]
