"""Requests that are sent again with the same key are done once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.server.idempotency import Replies, Reply


async def test_a_request_that_is_sent_again_is_done_once_and_answered_as_before(jp_fetch: Any, counter: str) -> None:
    async def post(path: str, body: dict[str, Any], key: str) -> Any:
        return await jp_fetch(
            "nexus", "api", *path.split("/"), method="POST", body=json.dumps(body), headers={"Idempotency-Key": key}
        )

    await jp_fetch("nexus", "api", "panels", "counter", method="PUT", body=json.dumps({"nxml": counter}))
    first = await post("panels/counter/run/add", {"args": [5]}, "one")
    again = await post("panels/counter/run/add", {"args": [5]}, "one")
    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    panel = json.loads((await jp_fetch("nexus", "api", "panels", "counter")).body)
    assert panel["state"] == {"count": 5}
    await post("panels/counter/run/add", {"args": [5]}, "two")
    panel = json.loads((await jp_fetch("nexus", "api", "panels", "counter")).body)
    assert panel["state"] == {"count": 10}
    with pytest.raises(Exception, match="400"):
        await post("panels/counter/run/add", {"args": [6]}, "two")


async def test_two_at_once_are_one_and_what_failed_may_be_tried_again() -> None:
    replies, done = Replies(), []
    gate = asyncio.Event()

    async def run() -> Reply | None:
        await gate.wait()
        done.append(1)
        return Reply(200 if len(done) > 1 else 500, "application/json", b"{}")

    first = asyncio.create_task(replies.once("ann", "k", "d", run))
    second = asyncio.create_task(replies.once("ann", "k", "d", run))
    await asyncio.sleep(0)
    gate.set()
    assert await first is None  # it has answered itself, with a failure
    assert await second is None  # so this one did it again
    assert await replies.once("ann", "k", "d", run) == Reply(200, "application/json", b"{}")
    assert len(done) == 2
    assert await replies.once("bob", "k", "d", run) is None, "keys are each person's own"
    with pytest.raises(RequestError, match="another request"):
        await replies.once("ann", "k", "other", run)


async def test_answers_are_forgotten_after_a_while() -> None:
    now = 0.0
    replies, done = Replies(lambda: now), []

    async def run() -> Reply | None:
        done.append(1)
        return Reply(200, "application/json", b"{}")

    await replies.once("ann", "k", "d", run)
    now = 10_000.0
    await replies.once("ann", "k", "d", run)
    assert len(done) == 2
