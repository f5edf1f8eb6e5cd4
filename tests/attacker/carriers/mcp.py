"""MCP: every tool and resource of the server's endpoint, and messages that are no JSON-RPC."""

from __future__ import annotations

import json
from typing import Any

from nexus_jupyter.mcp.apps import APP_TOOL, AppDesk
from nexus_jupyter.mcp.asking import AskingTools
from nexus_jupyter.mcp.authoring import AUTHORING
from nexus_jupyter.mcp.past import PAST
from nexus_jupyter.protocol.rights import RequestName
from tests.attacker.attack import Attack, Deck
from tests.attacker.carriers.rest import answered
from tests.attacker.ledger import Answer, Sent, shown
from tests.attacker.people import PEOPLE, Person
from tests.attacker.values import Maker
from tests.attacker.web import Reply, Web

__all__ = ["Mcp"]

_TOOLS = {**AUTHORING, **PAST, **AskingTools().tools}
#: Tools of the panels of the world.
_OF_PANELS: dict[str, RequestName] = {"till__add": "panel.run", "till__label": "state.set", "notes__keep": "panel.run"}
#: A notification was taken; nothing is done for one.
_ACCEPTED = 202
_OTHER = ("tools/list", "resources/list", "resources/read", "no JSON-RPC", "other methods")
_VERSIONS = ("2025-06-18", "2025-11-25", "2024-11-05", "x" * 300, "")


class Mcp:
    """Sends requests as the clients of people do."""

    def __init__(self, attack: Attack, worker: int = 0) -> None:
        self._attack = attack
        self._chance = attack.chance(f"mcp {worker}")
        self._maker = Maker(self._chance, attack.world)
        self._web = Web(attack.server.port)
        self.types = {*_TOOLS, *_OF_PANELS, APP_TOOL, *_OTHER}
        self._deck = Deck(self._chance, list(self.types))

    def step(self) -> None:
        """Send one request."""
        kind = self._deck.next()
        self._maker.begin()
        person = self._chance.choice(PEOPLE)
        request, message = self._message(kind)
        whole = self._chance.random() < 0.5
        data = json.dumps(message).encode() if whole else self._maker.dumped(self._spoiled(message))
        sent = self._attack.ledger.send(Sent("mcp", kind, person, request, shown(data)))
        reply = self._web.ask("POST", "/nexus/mcp", self._headers(person), data)
        self._attack.ledger.answer(sent, _answer(reply))

    def close(self) -> None:
        """Close the connection."""
        self._web.close()

    def _message(self, kind: str) -> tuple[RequestName, dict[str, Any]]:
        if kind in _TOOLS:
            schema = _TOOLS[kind].schema
            return _TOOLS[kind].request, self._call(kind, self._maker.of(schema, schema.get("$defs", {})))
        if kind in _OF_PANELS:
            given = {"till__add": {"by": 2}, "till__label": {"value": "x"}, "notes__keep": {"value": "mine"}}[kind]
            return _OF_PANELS[kind], self._call(kind, given)
        if kind == APP_TOOL:
            return "panel.read", self._call(kind, self._maker.of(AppDesk().schema, AppDesk().schema.get("$defs", {})))
        if kind == "resources/read":
            panel = self._maker.panel
            address = self._chance.choice([
                f"nexus://panel/{panel}/state", f"nexus://{panel}/source", f"ui://nexus/{panel}", "ui://nexus/show", self._maker.path(),
                f"nexus://panels/{panel}/tree", f"file://{self._maker.world.files[0]}", f"nexus://panel/{self._maker.path()}/state",
            ])  # fmt: skip
            return "panel.read", _rpc(kind, {"uri": address})
        if kind == "other methods":
            method = self._chance.choice(["initialize", "ping", "prompts/list", "logging/setLevel", "completion/complete",
                                          "resources/subscribe", "notifications/cancelled", "sampling/createMessage", "", "__init__"])  # fmt: skip
            return "mcp.call", _rpc(method, {"uri": "nexus://panel/till/state", "level": "debug"})
        if kind == "no JSON-RPC":
            return "mcp.call", self._chance.choice(
                [{"jsonrpc": "1.0"}, {"id": 1}, {"jsonrpc": "2.0", "id": [], "method": 5}, {}]
            )
        return "mcp.call", _rpc(kind, {})

    def _call(self, name: str, given: Any) -> dict[str, Any]:
        return _rpc("tools/call", {"name": name, "arguments": given})

    def _spoiled(self, message: dict[str, Any]) -> Any:
        """Spoil the arguments mostly, so that the message reaches the tool."""
        inside = message.get("params", {})
        if "arguments" in inside and self._chance.random() < 0.8:
            return {**message, "params": {**inside, "arguments": self._maker.spoiled(inside["arguments"])}}
        return self._maker.spoiled(message)

    def _headers(self, person: Person) -> dict[str, str]:
        found = {
            **self._attack.server.headers(person), "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }  # fmt: skip
        if self._chance.random() < 0.2:
            found["MCP-Protocol-Version"] = self._chance.choice(_VERSIONS)
        if self._chance.random() < 0.05:
            found["Mcp-Session-Id"] = self._chance.choice(["x", "../..", "a" * 3000])
        if self._chance.random() < 0.05:
            found["Accept"] = self._chance.choice(["", "*/*", "text/html"])
        return found


def _rpc(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def _answer(reply: Reply) -> Answer:
    found = answered(reply)
    if reply.status == _ACCEPTED:
        return Answer(False, found.kind, found.body)
    try:
        message = json.loads(reply.body)
    except ValueError:
        return found
    result = message.get("result") if isinstance(message, dict) else None
    if not isinstance(result, dict) or result.get("isError") or "inputRequests" in result:
        return Answer(False, f"{found.kind} refused", found.body)
    return found
