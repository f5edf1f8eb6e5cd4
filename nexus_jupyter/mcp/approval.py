"""Asking the person behind a client: what a model may not decide, a form in the client's own window does.

Clients of the protocol of 2026-07-28 ask between two calls of the same tool: what they bring back is signed, so that an
answer holds for the question, the call and the person that it was given to. Older ones are asked during the call.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from nexus_jupyter.mcp.caller import Caller, quoted
from nexus_jupyter.mcp.panels import PanelTool
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.capability import CapabilityUse, Grant
from nexus_jupyter.sandbox import FREE, covers

__all__ = ["NO", "Approvals", "Question", "allow", "missing", "permission"]

#: What people can say, and for how many seconds that holds; ``None`` is until they take it back.
NO = "no"
_LASTING: Mapping[str, float | None] = {"for an hour": 3600.0, "until I take it back": None}
#: Seconds that a person has to answer.
_PATIENCE = 600
_KEY = "answer"


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked, what they can choose from, and what exactly it is about."""

    message: str
    choices: tuple[str, ...]
    about: JsonValue

    @property
    def form(self) -> types.ElicitRequestFormParams:
        """The question as clients show it."""
        answer = {"type": "string", "title": "Your answer", "enum": [NO, *self.choices], "default": NO}
        return types.ElicitRequestFormParams(
            message=self.message,
            requested_schema={"type": "object", "properties": {_KEY: answer}, "required": [_KEY]},
        )


def missing(caller: Caller, tool: PanelTool) -> list[CapabilityUse]:
    """Return what a tool's panel asks for and was not allowed."""
    granted = caller.kernel.permissions.active(tool.panel)
    return [use for use in tool.build.uses if use.cap not in FREE and not any(_covers(one, use) for one in granted)]


def permission(caller: Caller, tool: PanelTool) -> tuple[Question, list[CapabilityUse]] | None:
    """Return the question whether a panel may do what it asks for, and which uses that is about.

    There is none if nothing is missing, or if the person may not decide it.
    """
    if not caller.may("grant.add"):
        return None
    lacking = missing(caller, tool)
    if not lacking:
        return None
    wanted = "; ".join(
        f"{use.cap} for {quoted(use.target) if use.target else 'anything'} (it says: {quoted(use.why)})"
        for use in lacking
    )
    message = f"The panel {quoted(tool.build.title)} wants to use {wanted}. Allow it?"
    about: list[JsonValue] = [[use.cap, use.target] for use in lacking]
    return Question(message, tuple(_LASTING), [tool.panel, *about]), lacking


def allow(caller: Caller, tool: PanelTool, uses: list[CapabilityUse], answer: str) -> None:
    """Grant what a person has allowed, in their name."""
    for use in uses:
        caller.kernel.permissions.grant(tool.panel, use.cap, use.target, caller.person, seconds=_LASTING[answer])


def _covers(grant: Grant, use: CapabilityUse) -> bool:
    if grant.cap != use.cap:
        return False
    return grant.target is None or (use.target is not None and covers(use.cap, grant.target, use.target))


class Approvals:
    """Asks, and knows its own questions again."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def can_ask(self, context: Any) -> bool:  # Any: the SDK's context
        """Tell whether the client shows forms to its person, and can be asked to."""
        able = context.session.client_capabilities
        if able is None or able.elicitation is None or (able.elicitation.url and not able.elicitation.form):
            return False
        return context.protocol_version in MODERN_PROTOCOL_VERSIONS or bool(context.session.can_send_request)

    async def answer(
        self, context: Any, params: types.CallToolRequestParams, caller: Caller, question: Question
    ) -> str | types.InputRequiredResult | None:  # Any: the SDK's context
        """Return what the person chose, what the client must ask them first, or ``None`` if it cannot, or it is no."""
        if not self.can_ask(context):
            return None
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return self._between(params, caller, question)
        given = await context.session.elicit_form(question.message, question.form.requested_schema, context.request_id)
        return _chosen(given, question)

    def _between(
        self, params: types.CallToolRequestParams, caller: Caller, question: Question
    ) -> str | types.InputRequiredResult | None:
        until, _, signature = (params.request_state or "").partition(".")
        given = (params.input_responses or {}).get(_KEY)
        if given is not None and until.isdecimal() and int(until) >= time.time():
            expected = self._signature(params, caller, question, until)
            if hmac.compare_digest(signature.encode(), expected.encode()):
                return _chosen(given, question)
        until = str(int(time.time()) + _PATIENCE)
        return types.InputRequiredResult(
            input_requests={_KEY: types.ElicitRequest(params=question.form)},
            request_state=f"{until}.{self._signature(params, caller, question, until)}",
        )

    def _signature(self, params: types.CallToolRequestParams, caller: Caller, question: Question, until: str) -> str:
        meant = [caller.person.id, params.name, params.arguments, question.about, until]
        return hmac.new(self._secret, json.dumps(meant, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _chosen(given: object, question: Question) -> str | None:
    if not isinstance(given, types.ElicitResult) or given.action != "accept":
        return None
    answer = (given.content or {}).get(_KEY)
    return answer if isinstance(answer, str) and answer in question.choices else None
