"""REST: every route and verb, with bodies, queries and headers of every kind."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter

from nexus_jupyter.protocol.rights import RequestName
from nexus_jupyter.server.app import ROUTES
from nexus_jupyter.server.handler import NexusHandler
from tests.attacker.attack import Attack, Deck
from tests.attacker.ledger import Answer, Sent, shown
from tests.attacker.people import PEOPLE, Person
from tests.attacker.values import Maker
from tests.attacker.web import Reply, Web

__all__ = ["Rest", "answered"]

_VERBS = ("get", "post", "put", "delete")
_TYPES = (
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
    "\xff",
    "application/json; charset=utf-16",
)
_QUERY = ("after", "rev", "limit", "all", "a", "b", "panel", "workspace", "v", "token", "_xsrf")
#: Members of an answer that name something which other requests are about.
_NAMED = re.compile(rb'"(?:run|id|proposal|code|epoch|trace_id|conflict)": ?"([0-9a-f]{8,64})"')
#: From this status on the server says that it failed itself.
_FAILED = 500


class Rest:
    """Sends requests to the routes of the server's own table."""

    def __init__(self, attack: Attack, worker: int = 0) -> None:
        self._attack = attack
        self._chance = attack.chance(f"rest {worker}")
        self._maker = Maker(self._chance, attack.world)
        self._web = Web(attack.server.port)
        self._verbs = dict(_routes())
        self.types = set(self._verbs)
        self._deck = Deck(self._chance, list(self.types))

    def step(self) -> None:
        """Send one request, now and then one that is hardly HTTP."""
        kind = self._deck.next()
        verb, pattern, handler = self._verbs[kind]
        self._maker.begin()
        person = self._chance.choice(PEOPLE)
        target = f"/nexus/api/{self._path(pattern)}{self._search()}"
        body = self._body(verb, handler, pattern)
        headers = {**self._attack.server.headers(person), **self._headers()}
        request: RequestName = getattr(vars(handler)[verb], "__nexus_request__")  # noqa: B009 - set by the decorator
        sent = Sent("rest", kind, person, request, f"{verb.upper()} {target} {shown(body or b'')}")
        self._attack.ledger.send(sent)
        reply = self._web.ask(verb.upper(), target, headers, body)
        self._note(reply)
        self._attack.ledger.answer(sent, answered(reply))
        if self._chance.random() < 0.03:
            self._raw(person, verb.upper(), target, body or b"{}")

    def close(self) -> None:
        """Close the connection."""
        self._web.close()

    def _path(self, pattern: str) -> str:
        def value(group: re.Match[str]) -> str:
            name = group.group(1) or "path"
            maker, chance = self._maker, self._chance
            if chance.random() < 0.15:
                hostile = maker.path() if chance.random() < 0.5 else str(maker.hostile())
                return quote(hostile[:3000].encode("utf-8", "replace"), safe=chance.choice(["", "/", "/%"]))
            match name:
                case "action":
                    return chance.choice(maker.world.NAMES["action"])
                case "run" | "proposal":
                    return chance.choice(maker.world.known[-50:] or ["abcdef"])
                case "path":
                    return quote(chance.choice(["a.png", maker.path(), maker.path()]), safe="/")
            if pattern.startswith("frames"):
                return chance.choice(maker.world.NAMES["frame"])
            if pattern.startswith("static"):
                return chance.choice(["runtime.js", "..%2f..%2fpyproject.toml", "%2e%2e"])
            return quote(maker.panel)

        return re.sub(r"\((?:\?P<(\w+)>)?[^)]*\)", value, pattern)

    def _search(self) -> str:
        if self._chance.random() < 0.6:
            return ""
        given = []
        for name in self._chance.sample(_QUERY, self._chance.randint(1, 3)):
            good = self._chance.choice(["1", "2", "main", self._maker.panel])
            value = good if self._chance.random() < 0.5 else str(self._maker.hostile())[:3000]
            given.append(f"{name}={quote(value.encode('utf-8', 'replace'), safe='%')}")
        return "?" + "&".join(given)

    def _headers(self) -> dict[str, str]:
        chance, found = self._chance, {"Content-Type": "application/json"}
        if chance.random() < 0.1:
            found["Content-Type"] = chance.choice(_TYPES)
        if chance.random() < 0.1:
            found["If-Match"] = chance.choice(['"1"', "3", "x", "9" * 500, '"', "-1"])
        if chance.random() < 0.1:
            found["Idempotency-Key"] = chance.choice(["k1", "k2", "k" * 500, "\xe9"])
        if chance.random() < 0.05:
            found["traceparent"] = chance.choice(["00-" + "a" * 32 + "-" + "b" * 16 + "-01", "x" * 500])
        if chance.random() < 0.03:
            found["Authorization"] = chance.choice(
                ["Bearer x", "Bearer a.b.c", "Basic eDp5", "token ", "Bearer " + "e" * 5000]
            )
        if chance.random() < 0.03:
            found["Origin"] = "http://hostile.invalid"
        return found

    def _body(self, verb: str, handler: Any, pattern: str) -> bytes | None:
        if verb == "get":
            return None
        model = getattr(handler, "operations", {})[verb].body if verb in getattr(handler, "operations", {}) else None
        if pattern.startswith("frames"):
            return self._chance.choice(
                [b"", b"ARROW1", self._chance.randbytes(300), b"\xff\xff\xff\xff" + self._chance.randbytes(60)]
            )
        if model is None:
            return self._chance.choice([b"", b"{}", b"null"])
        schema = TypeAdapter(model).json_schema()
        value = self._maker.of(schema, schema.get("$defs", {}))
        if self._chance.random() < 0.5:
            value = self._maker.spoiled(value)
        return self._maker.dumped(value)

    def _note(self, reply: Reply) -> None:
        found = _NAMED.findall(reply.body[:20_000])
        if found:
            self._maker.world.known.extend(one.decode() for one in found[:5])
            del self._maker.world.known[:-200]

    def _raw(self, person: Person, verb: str, target: str, body: bytes) -> None:
        head = f"{verb} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {self._attack.server.headers(person)['Authorization']}\r\n"
        start = head.encode("utf-8", "replace")
        data = self._chance.choice([
            start + b"Content-Length: 1000\r\n\r\n" + body[:10],
            start + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + body[:100],
            start + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
            start + b"Content-Length: -5\r\n\r\n",
            start + b"Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n" + b"\x1f\x8b" * 5,
            start.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n", start + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
            start[: self._chance.randint(1, len(start))], b"\x16\x03\x01\x02\x00" + self._chance.randbytes(80), self._chance.randbytes(200),
        ])  # fmt: skip
        sent = self._attack.ledger.send(Sent("rest", "raw bytes", person, None, shown(data)))
        said = self._web.raw(data)
        status = int(said[9:12]) if said[9:12].isdigit() else 0
        self._attack.ledger.answer(sent, Answer(False, f"{status or 'nothing'}", said if status < _FAILED else b""))


def answered(reply: Reply) -> Answer:
    """Return an answer of HTTP as the ledger takes it."""
    kind = str(reply.status or reply.head.decode()[:60])
    if reply.status >= _FAILED:
        try:
            kind = f"{kind} {json.loads(reply.body)['code']}"
        except (ValueError, KeyError, TypeError):
            kind = f"{kind} without a problem"
    return Answer(0 < reply.status < 400, kind, reply.all)


def _routes() -> list[tuple[str, tuple[str, str, Any]]]:
    found = []
    for pattern, handler in ROUTES:
        if not issubclass(handler, NexusHandler):
            continue
        for verb in _VERBS:
            if verb in vars(handler):
                path = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", pattern)
                found.append((f"{verb.upper()} {path}", (verb, pattern, handler)))
    return found
