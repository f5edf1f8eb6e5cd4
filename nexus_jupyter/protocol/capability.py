"""What a panel may be allowed to do beyond its own state."""

from __future__ import annotations

from typing import Literal, get_args

from nexus_jupyter.protocol.base import Contract

__all__ = ["CAPABILITIES", "Capability", "CapabilityUse", "ChangedGrant", "Grant"]

Capability = Literal[
    "state",
    "panel.send",
    "panel.read",
    "frame.read",
    "kernel.call",
    "net.http",
    "net.ws",
    "fs.read",
    "fs.write",
    "db.query",
    "ai.complete",
    "agent.emit",
    "notify",
    "clipboard",
    "time",
    "random",
    "log",
]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)


class CapabilityUse(Contract):
    """What a panel asks for in ``<uses>``, with the author's reason."""

    cap: Capability
    target: str | None = None
    why: str


class Grant(Contract):
    """A person's consent. Times are ISO 8601 in UTC; ``until`` null means until revoked, ``target`` null any.

    ``code`` is the digest of the code that it was given to; while the panel has other code, it is ``stale``.
    """

    id: str
    panel: str
    cap: Capability
    target: str | None = None
    granted_by: str
    at: str
    until: str | None = None
    revoked_by: str | None = None
    revoked_at: str | None = None
    code: str = ""
    stale: bool = False


class ChangedGrant(Contract):
    """A grant that does not hold, since the panel's code has changed; ``difference`` has its lines with - and +."""

    cap: Capability
    target: str | None = None
    difference: str
