"""Requests that are not of the form that a route takes.

Attacker: anybody who is signed in. Way in: numbers that are none or have thousands of digits, names in broken UTF-8,
bodies that are no JSON, deep JSON, the wrong types, in each place of each route.

What must hold: the answer is a refusal in a sentence (4xx), never an error of the server (5xx), and nothing changes.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from nexus_jupyter.server.app import ROUTES
from nexus_jupyter.server.handler import NexusHandler

QUERIES = ["after", "rev", "limit", "all", "a", "b", "panel", "workspace", "v"]
VALUES = ["abc", "-1", "1e9", "9" * 5000, "٣", "%ff", "%00", "[]", "../..", "0x10", ""]
BODIES = [b"", b"{", b"null", b"[]", b'"x"', b"1e999", b"\xff\xfe", b"[" * 50_000, b'{"a":' * 50_000, b'{"nxml": 5}']
HEADERS = [{"If-Match": "9" * 5000}, {"If-Match": "x"}, {"Idempotency-Key": "k" * 5000}]


def _verbs(verb: str) -> list[str]:
    """Return the paths of all routes that take a verb."""
    routes = [pattern for pattern, handler in ROUTES if issubclass(handler, NexusHandler) and verb in vars(handler)]
    return [re.sub(r"\(\?P<\w+>[^)]*\)", "x", pattern) for pattern in routes]


@pytest.fixture
def head(jp_serverapp: Any) -> Any:
    yield lambda: jp_serverapp.web_app.settings["nexus"]._kernel
    jp_serverapp.web_app.settings["nexus"].close()


async def _status(fetch: Any, path: str, **options: Any) -> int:
    try:
        answer = await fetch("nexus", "api", *path.split("/"), allow_nonstandard_methods=True, **options)
    except HTTPClientError as error:
        return int(error.code)
    return int(answer.code)


@pytest.mark.parametrize("path", _verbs("get"))
async def test_no_query_string_is_an_error_of_the_server(jp_fetch: Any, jp_base_url: str, head: Any, path: str) -> None:
    for name in QUERIES:
        for value in VALUES:
            status = await _status(jp_fetch, path, params={name: value})
            assert status < 500, f"{path}?{name}={value[:20]}"


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
async def test_no_body_and_no_header_is_an_error_of_the_server(jp_fetch: Any, head: Any, verb: str) -> None:
    for path in _verbs(verb):
        if path in {"trilog/flush", "trilog/query", "trilog/command", "trilog/alerts"}:
            continue  # these start the history's process; their bodies are contracts like the others
        for body in BODIES:
            status = await _status(jp_fetch, path, method=verb.upper(), body=body)
            assert status < 500, f"{verb} {path} {body[:20]!r}"
        for headers in HEADERS:
            body = json.dumps({"nxml": "<panel id='x'/>"}).encode()
            status = await _status(jp_fetch, path, method=verb.upper(), body=body, headers=headers)
            assert status < 500, f"{verb} {path} {headers}"


MESSAGES: list[str | bytes] = [
    "", "{", "null", "[]", "5", '"x"', "[" * 100_000, '{"type":' * 100_000, '{"type": "nothing"}', '{"type": 5}',
    '{"type": "set"}', '{"type": "set", "id": 5}', '{"id": "a", "type": []}', b"", b"\x00\x00\x00\x05{}",
    b"\xff\xff\xff\xff", b"\x00\x00\x00\x02{}" + bytes(100), b'\x00\x00\x00\x0a{"call":1}' + bytes(100),
]  # fmt: skip


async def test_no_message_ends_a_stream(jp_ws_fetch: Any, head: Any) -> None:
    socket = await jp_ws_fetch("nexus", "api", "stream")
    for number, message in enumerate(MESSAGES):
        await socket.write_message(message, binary=isinstance(message, bytes))
        await socket.write_message(json.dumps({"type": "ping", "id": f"p{number}"}))
        while (answer := await socket.read_message()) is not None:
            if json.loads(answer).get("id") == f"p{number}":
                break
        assert answer is not None, message[:40]
    socket.close()
