"""The right that each request needs: one table for the stream, REST, MCP and comms.

A request has a name such as ``state.set``. Carriers map what they carry to that name: a frame's ``type`` by `FRAMES`, a
REST verb by its decorator, an MCP tool by its declaration. So a right is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from nexus_jupyter.protocol.errors import PermissionDeniedError

__all__ = ["ALL_RIGHTS", "FRAMES", "REQUESTS", "RequestName", "Right", "frame_rights", "refusal"]

#: Actions that Jupyter's authorizer is asked about, on the resource ``nexus``.
Right = Literal["read", "write", "execute"]
#: What the owner of a process may do in it.
ALL_RIGHTS: Final[frozenset[Right]] = frozenset(("read", "write", "execute"))

RequestName = Literal[
    "server.read",
    "asset.read",
    "token.renew",
    "mcp.call",
    "workspace.read",
    "workspace.export",
    "language.check",
    "panel.read",
    "panel.follow",
    "panel.put",
    "panel.edit",
    "panel.delete",
    "panel.undo",
    "panel.revert",
    "panel.run",
    "panel.lifecycle",
    "run.read",
    "run.replay",
    "state.set",
    "file.upload",
    "function.expose",
    "function.answer",
    "frame.read",
    "frame.bind",
    "grant.read",
    "grant.add",
    "grant.revoke",
    "code.edit",
    "presence.tell",
    "conflict.resolve",
    "version.read",
    "version.make",
    "version.branch",
    "remote.use",
    "graph.read",
    "journal.read",
    "journal.export",
    "journal.compact",
    "adoption.read",
    "adoption.allow",
    "history.ask",
    "history.change",
    "alert.read",
    "alert.change",
    "assistant.read",
    "assistant.ask",
    "assistant.decide",
]

REQUESTS: Final[Mapping[RequestName, Right]] = {
    "server.read": "read",
    "asset.read": "read",
    "token.renew": "read",
    "mcp.call": "read",
    "workspace.read": "read",
    "workspace.export": "read",
    "language.check": "read",
    "panel.read": "read",
    "panel.follow": "read",
    "panel.put": "write",
    "panel.edit": "write",
    "panel.delete": "write",
    "panel.undo": "write",
    "panel.revert": "write",
    "panel.run": "execute",
    "panel.lifecycle": "execute",
    "run.read": "read",
    "run.replay": "execute",
    "state.set": "write",
    "file.upload": "write",
    "function.expose": "execute",
    "function.answer": "execute",
    "frame.read": "read",
    "frame.bind": "write",
    "grant.read": "read",
    "grant.add": "write",
    "grant.revoke": "write",
    "code.edit": "write",
    "presence.tell": "read",
    "conflict.resolve": "write",
    "version.read": "read",
    "version.make": "write",
    "version.branch": "write",
    "remote.use": "write",
    "graph.read": "read",
    "journal.read": "read",
    "journal.export": "write",
    "journal.compact": "write",
    "adoption.read": "write",  # names addresses that only those need who may allow them
    "adoption.allow": "write",
    "history.ask": "read",
    "history.change": "write",
    "alert.read": "read",
    "alert.change": "write",
    "assistant.read": "read",
    "assistant.ask": "write",
    "assistant.decide": "write",
}

#: The requests of a frame of the stream, by its ``type``. The frame is refused without the right of the first; without
#: that of another, that part is left undone: whoever may only read follows a panel without running its lifecycle.
FRAMES: Final[Mapping[str, tuple[RequestName, ...]]] = {
    "hello": ("server.read",),
    "ping": ("server.read",),
    "subscribe": ("panel.follow", "panel.lifecycle"),
    "unsubscribe": ("panel.follow",),
    "focus": ("presence.tell",),
    "trigger": ("panel.run",),
    "cancel": ("server.read",),  # ends only what this connection has asked for
    "set": ("state.set",),
    "frame.page": ("frame.read",),
    "undo": ("panel.undo",),
    "grant": ("grant.add",),
    "revoke": ("grant.revoke",),
    "expose": ("function.expose",),
    "answer": ("function.answer",),
    "upload": ("file.upload",),
    "code.open": ("code.edit",),
    "code.update": ("code.edit",),
    "code.close": ("server.read",),
    "resolve": ("conflict.resolve",),
    "history": ("journal.read",),
    "past": ("panel.read",),
    "revert": ("panel.revert",),
    "branch": ("version.branch",),
    "ask": ("assistant.ask",),
    "decide": ("assistant.decide",),
    "assistant": ("assistant.read",),
    "adoption": ("adoption.read",),
    "adoption.allow": ("adoption.allow",),
}

_REFUSED: Final[Mapping[Right, str]] = {
    "read": "You may not look at panels on this server.",
    "write": "You may not change panels on this server.",
    "execute": "You may not run actions of panels on this server.",
}


def frame_rights(frame: str) -> tuple[Right, ...]:
    """Return the rights that a frame of a type is about: the one that it needs, then those of its other parts."""
    return tuple(REQUESTS[name] for name in FRAMES[frame])


def refusal(right: Right) -> PermissionDeniedError:
    """Return the error for somebody who lacks a right."""
    return PermissionDeniedError(_REFUSED[right], hint="Ask the owner of the server.")
