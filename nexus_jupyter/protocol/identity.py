"""Who does something."""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.base import Contract

__all__ = ["SYSTEM", "Actor"]


class Actor(Contract):
    """The author of a change. ``id`` is the user name that Jupyter gives; ``kind`` tells people from programs."""

    id: str
    name: str = ""
    kind: Literal["user", "kernel", "model", "system"] = "user"


SYSTEM = Actor(id="system", name="Nexus", kind="system")
