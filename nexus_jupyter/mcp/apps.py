"""MCP Apps: panels that a client shows in its conversation, kept alive by calls of one tool through that client.

A page carries a ticket, and the tool answers nobody else. Models are not given pages: they can do what a panel's author
offers as tools, and no more, even through a client that knows nothing of pages and lists them this tool.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from nexus_jupyter.mcp.caller import Caller
from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.errors import PermissionDeniedError, RequestError
from nexus_jupyter.protocol.rights import FRAMES
from nexus_jupyter.protocol.stream import Cancel, FramePage, SetState, Subscribe, Trigger, Undo
from nexus_jupyter.workspace import Visit

__all__ = ["APP_TOOL", "EXTENSION", "AppDesk", "linked"]

#: The extension's name.
EXTENSION = "io.modelcontextprotocol/ui"
#: What pages call.
APP_TOOL = "nexus_app"

_Frame = Subscribe | Trigger | SetState | Undo | FramePage | Cancel
_FRAME: TypeAdapter[_Frame] = TypeAdapter(Annotated[_Frame, Field(discriminator="type")])


class _Call(Contract):
    ticket: str = Field(description="The page's own.")
    frame: dict[str, JsonValue] = Field(description="What the page asks for.")
    rev: int | None = Field(default=None, description="The rev of what the page has.")


def linked(address: str, *visible: str) -> dict[str, JsonValue]:
    """Return a tool's metadata: the page that shows its answers, and who may call it, ``model`` or ``app``."""
    ui: dict[str, JsonValue] = {"resourceUri": address, "visibility": [*(visible or ("model", "app"))]}
    return {"ui": ui}


class AppDesk:
    """Gives out tickets, and answers the pages that have one."""

    description = "Keeps the page of a panel alive; it answers such pages only. Call the panel's own tools instead."

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._visits: dict[tuple[str, str], Visit] = {}

    @property
    def schema(self) -> dict[str, Any]:  # Any: JSON Schema
        """The tool's arguments."""
        return _Call.model_json_schema()

    def ticket(self, caller: Caller) -> str:
        """Return a ticket for a page that this person is given; it is good until the server ends."""
        page = secrets.token_hex(8)
        return f"{page}.{self._signature(page, caller)}"

    def call(self, caller: Caller, given: dict[str, JsonValue]) -> tuple[str, dict[str, JsonValue]]:
        """Answer a page: frames of the panels' protocol, rows in base64.

        Raises
        ------
        PermissionDeniedError
            If the page has no ticket of this person and process, or the person may not do that.
        RequestError
            If the request is none that a page may make.
        """
        try:
            wish = _Call.model_validate(given)
            frame = _FRAME.validate_python(wish.frame)
        except ValidationError as error:
            raise RequestError("This answers the pages of panels only.", hint="Call the panel's own tools.") from error
        page, _, signature = wish.ticket.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(page, caller).encode()):
            raise PermissionDeniedError(
                "The page of the panel is too old, or somebody else's.", hint="Show the panel again, by nexus_show."
            )
        caller.need("panel.read")
        caller.need(FRAMES[frame.type][0])
        if isinstance(frame, Cancel):
            if (going := self._visits.get((page, frame.id))) is not None:
                going.cancel(frame.id)
            return "Cancelled", {"frames": []}
        return "Up to date", {"frames": self._visit(caller, page, frame, wish.rev)}

    def _visit(
        self, caller: Caller, page: str, frame: Subscribe | Trigger | SetState | Undo | FramePage, rev: int | None
    ) -> list[JsonValue]:
        visit = Visit(caller.kernel, caller.actor)
        if isinstance(frame, Subscribe):
            found = visit.look(frame.panel, frame.rev)
        else:
            self._visits[page, frame.id] = visit
            try:
                found = visit.look(frame.panel, rev, frame)
            finally:
                self._visits.pop((page, frame.id), None)
        return [
            {"rows": base64.b64encode(one).decode()} if isinstance(one, bytes) else json.loads(one) for one in found
        ]

    def _signature(self, page: str, caller: Caller) -> str:
        return hmac.new(self._secret, f"{page} {caller.person.id}".encode(), hashlib.sha256).hexdigest()
