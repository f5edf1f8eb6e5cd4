"""Who looks at a panel, and where in it: frames of the stream protocol."""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.base import Contract
from nexus_jupyter.protocol.identity import Actor

__all__ = ["Focus", "Presence", "Viewer"]


class Focus(Contract):
    """Tell the others who look at a panel which of its elements this person is at; null for none."""

    type: Literal["focus"] = "focus"
    panel: str
    element: str | None = None


class Viewer(Contract):
    """Somebody who looks at a panel, on one page of theirs; ``element`` is where their focus is."""

    id: str
    user: Actor
    element: str | None = None


class Presence(Contract):
    """Who looks at a panel, the receiver (`Welcome.viewer`) among them.

    Of many only some are named; ``count`` is the number of all.
    """

    type: Literal["presence"] = "presence"
    panel: str
    viewers: list[Viewer]
    count: int
