"""Several people in the code of one action at once: frames of the stream protocol.

Updates are those of Yjs (version 1 encoding), in base64.
"""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.base import Contract

__all__ = ["CodeClose", "CodeOpen", "CodeUpdate", "CodeUpdated"]


class CodeOpen(Contract):
    """Take part in editing the code of an action or effect, such as ``action.add``.

    The result's value is ``{"epoch", "update"}``: the shared text as an update. Texts of different epochs have nothing
    in common, and must not be merged.
    """

    type: Literal["code.open"] = "code.open"
    id: str
    panel: str
    node: str


class CodeUpdate(Contract):
    """What this client has typed."""

    type: Literal["code.update"] = "code.update"
    panel: str
    node: str
    epoch: str
    update: str


class CodeClose(Contract):
    """Take part no longer."""

    type: Literal["code.close"] = "code.close"
    panel: str
    node: str


class CodeUpdated(Contract):
    """What others have typed (``update``), or how the text stands: saved, or why it cannot be (``problem``)."""

    type: Literal["code"] = "code"
    panel: str
    node: str
    epoch: str
    update: str | None = None
    saved: bool = False
    problem: str | None = None
