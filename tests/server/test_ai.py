"""Wishes over REST: server-sent events, a hundred at a time, budgets, and nobody who should not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from tests.ai.scripted import Models, Step

PANEL = """<panel xmlns="urn:nexus:nxml:1" id="till"><view><button id="sell" label="Sell"/></view></panel>"""
ANSWER = json.dumps({"say": "Clearer.", "ops": [{"op": "set", "id": "sell", "attr": "label", "value": "Sell one"}]})


@pytest.fixture
def model() -> Iterator[Models]:
    served = Models()
    yield served
    served.close()


@pytest.fixture
def jp_server_config(model: Models) -> dict[str, Any]:
    endpoint = {"name": "scripted", "url": model.url, "model": "script-1", "key": "", "abilities": ["usage"]}
    budgets = {"user": {"tokens_per_day": 2_000_000}}
    app = {"ai_endpoints": [endpoint], "ai_budgets": budgets}
    return {"ServerApp": {"jpserver_extensions": {"nexus_jupyter": True}}, "NexusApp": app}


@pytest.fixture
def call(jp_fetch: Any, jp_serverapp: Any) -> Any:
    async def ask(method: str, path: str, body: Any = None, **more: Any) -> Any:
        data = None if body is None else json.dumps(body)
        answer = await jp_fetch(
            "nexus", "api", *path.split("/"), method=method, body=data, allow_nonstandard_methods=True, **more
        )
        return answer.body.decode()

    yield ask
    jp_serverapp.web_app.settings["nexus"].close()


def events(body: str) -> list[dict[str, Any]]:
    found = []
    for block in body.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if lines:
            event = json.loads(lines["data"])
            assert lines["event"] == event["kind"]
            found.append(event)
    return found


async def test_a_wish_is_answered_by_events_and_decided_by_its_id(call: Any, model: Models) -> None:
    assert json.loads(await call("GET", "ai"))["models"][0]["model"] == "script-1"
    await call("PUT", "panels/till", {"nxml": PANEL})
    model.will(ANSWER)
    told = events(await call("POST", "ai/complete", {"text": "Make it clearer", "panel": "till"}))
    kinds = [event["kind"] for event in told]
    assert kinds[0] == "context"
    assert {"started", "text", "draft"} <= set(kinds)
    assert kinds[-1] == "proposal"
    assert 'label="Sell"' in json.loads(await call("GET", "panels/till"))["nxml"]
    decided = json.loads(await call("POST", f"ai/proposals/{told[-1]['id']}", {}))
    assert decided["accepted"] == [0]
    assert 'label="Sell one"' in json.loads(await call("GET", "panels/till"))["nxml"]
    with pytest.raises(HTTPClientError) as again:
        await call("POST", f"ai/proposals/{told[-1]['id']}", {})
    assert again.value.code == 404


async def test_a_hundred_wishes_at_once_are_all_answered_and_few_at_a_time(call: Any, model: Models) -> None:
    await call("PUT", "panels/till", {"nxml": PANEL})
    model.will(*[Step(text=ANSWER, piece=1000)] * 100)
    wishes = (
        call("POST", "ai/complete", {"text": "Clearer", "panel": "till"}, request_timeout=120) for _ in range(100)
    )
    answers = await asyncio.gather(*wishes)
    assert [events(body)[-1]["kind"] for body in answers] == ["proposal"] * 100
    assert len(model.server.requests) == 100
    assert model.server.most < 100, "the queue lets only some through at a time"


async def test_what_cannot_be_is_refused_in_a_sentence(call: Any, model: Models) -> None:
    for body in ({"text": ""}, {"text": "x" * 20_001}, {"words": "x"}):
        with pytest.raises(HTTPClientError) as caught:
            await call("POST", "ai/complete", body)
        assert caught.value.code == 400
    (failed,) = events(await call("POST", "ai/complete", {"text": "Clearer", "panel": "nothing"}))[-1:]
    assert failed["kind"] == "failed"
    assert "nothing" in failed["message"]
    assert model.server.requests == []


async def test_without_a_token_nobody_asks(jp_fetch: Any, jp_serverapp: Any, model: Models) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(
            "nexus", "api", "ai", "complete", method="POST", body='{"text": "x"}', headers={"Authorization": "token no"}
        )
    assert caught.value.code in {401, 403}
    assert model.server.requests == []
    jp_serverapp.web_app.settings["nexus"].close()


async def test_a_budget_ends_and_a_restart_does_not_refill_it(call: Any, jp_serverapp: Any, model: Models) -> None:
    await call("PUT", "panels/till", {"nxml": PANEL})
    model.will(*[Step(text=ANSWER, usage=(1_999_000, 500))] * 2)
    assert events(await call("POST", "ai/complete", {"text": "Clearer", "panel": "till"}))[-1]["kind"] == "proposal"
    refused = events(await call("POST", "ai/complete", {"text": "Clearer", "panel": "till"}))[-1]
    assert refused["kind"] == "failed"
    assert "of 2,000,000 tokens" in refused["message"]
    assert "free again at" in refused["hint"]
    # The workspace is closed and opened again, as a new process would.
    jp_serverapp.web_app.settings["nexus"].close()
    again = events(await call("POST", "ai/complete", {"text": "Clearer", "panel": "till"}))[-1]
    assert again["kind"] == "failed"
    assert "of 2,000,000 tokens" in again["message"]
