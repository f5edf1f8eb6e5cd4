"""Wishes over REST: server-sent events, a hundred at a time, budgets, and nobody who should not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

import nexus_jupyter.server.ai
from tests.ai.scripted import Models, Step

PANEL = """<panel xmlns="urn:nexus:nxml:1" id="till"><view><button id="sell" label="Sell"/></view></panel>"""
#: Answers that one person may have under way.
PLACES = 8
ANSWER = json.dumps({"say": "Clearer.", "ops": [{"op": "set", "id": "sell", "attr": "label", "value": "Sell one"}]})


@pytest.fixture
def model() -> Iterator[Models]:
    served = Models()
    yield served
    served.close()


@pytest.fixture
def app(model: Models) -> dict[str, Any]:
    """What the owner configures; tests of other configurations give their own."""
    endpoint = {"name": "scripted", "url": model.url, "model": "script-1", "key": "", "abilities": ["usage"]}
    # What is held is held until a test lets it go: no limit of time frees a place before.
    endpoint |= {"next_within": 3600, "total_within": 3600}
    return {"ai_endpoints": [endpoint], "ai_budgets": {"user": {"tokens_per_day": 2_000_000}}}


@pytest.fixture
def jp_server_config(app: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name in ("NEXUS_AI_ENDPOINTS", "NEXUS_AI_URL", "NEXUS_AI_MODEL", "NEXUS_AI_TRANSCRIPTS"):
        monkeypatch.delenv(name, raising=False)
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


class Wish:
    """A connection of its own, for the test's client has only ten."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def line(self, wanted: Callable[[str], bool]) -> str:
        """Read on to a line that is wanted."""
        while raw := await self._reader.readline():
            if wanted(line := raw.decode().rstrip()):
                return line
            assert line != "event: failed", await self._reader.readline()
        raise AssertionError("The answer ended before.")

    async def until(self, kind: str) -> None:
        """Read on to an event of a kind."""
        await self.line(lambda line: line == f"event: {kind}")


@pytest.fixture
def connected(jp_serverapp: Any, jp_http_port: int, jp_base_url: str) -> Any:
    @asynccontextmanager
    async def ask(person: str) -> AsyncIterator[Wish]:
        token = jp_serverapp.web_app.settings["nexus"].tokens.mint(person)
        body = json.dumps({"text": "Clearer", "panel": "till"})
        reader, writer = await asyncio.open_connection("127.0.0.1", jp_http_port, limit=1 << 20)
        writer.write(
            f"POST {jp_base_url}nexus/api/ai/complete HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        try:
            yield Wish(reader)
        finally:
            writer.close()

    return ask


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


async def test_a_hundred_wishes_at_once_are_all_answered_and_nobody_waits_for_anothers(
    call: Any, connected: Any, model: Models
) -> None:
    await call("PUT", "panels/till", {"nxml": PANEL})
    model.will(*[Step(text=ANSWER, hold_after=1)] * PLACES, *[Step(text=ANSWER, piece=1000)] * 92)
    async with AsyncExitStack() as stack:
        anns = []
        for _ in range(PLACES):
            anns.append(await stack.enter_async_context(connected("ann")))
            await anns[-1].until("started")
        waiting = [await stack.enter_async_context(connected("ann")) for _ in range(91)]
        for one in waiting:
            await one.until("context")
        # Ann has as many answers under way as one person may, and 91 wishes wait behind them. Bob comes last.
        bob = await stack.enter_async_context(connected("bob"))
        await bob.until("proposal")
        assert len(model.server.requests) == PLACES + 1
        model.release()
        for one in (*anns, *waiting):
            await one.until("proposal")
    assert len(model.server.requests) == 100
    assert model.server.most == PLACES + 1


async def test_who_leaves_makes_room_for_who_waits(
    call: Any, connected: Any, model: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Writing into the silence would find out, too, but late.
    monkeypatch.setattr(nexus_jupyter.server.ai, "_SILENCE", 3600.0)
    await call("PUT", "panels/till", {"nxml": PANEL})
    model.will(*[Step(text=ANSWER, hold_after=1)] * PLACES, Step(text=ANSWER))
    async with AsyncExitStack() as stack:
        async with AsyncExitStack() as leaving:
            for _ in range(PLACES):
                await (await leaving.enter_async_context(connected("ann"))).until("started")
            last = await stack.enter_async_context(connected("ann"))
            await last.until("context")
            assert len(model.server.requests) == PLACES
        await last.until("proposal")
    assert len(model.server.requests) == PLACES + 1


async def test_a_long_silence_is_filled_so_that_proxies_keep_the_connection(
    call: Any, connected: Any, model: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nexus_jupyter.server.ai, "_SILENCE", 0.01)
    await call("PUT", "panels/till", {"nxml": PANEL})
    model.will(Step(text=ANSWER, hold_after=1))
    async with connected("ann") as wish:
        await wish.until("started")
        await wish.line(lambda line: line.startswith(":"))
        model.release()
        await wish.until("proposal")


async def test_a_proposal_is_decided_by_who_asked_for_it_and_nobody_else(
    call: Any, jp_serverapp: Any, model: Models
) -> None:
    await call("PUT", "panels/till", {"nxml": PANEL})
    model.will(ANSWER)
    proposal = events(await call("POST", "ai/complete", {"text": "Clearer", "panel": "till"}))[-1]["id"]
    eve = {"Authorization": f"Bearer {jp_serverapp.web_app.settings['nexus'].tokens.mint('eve')}"}
    for decision in ({}, {"reject": True}):
        with pytest.raises(HTTPClientError) as caught:
            await call("POST", f"ai/proposals/{proposal}", decision, headers=eve)
        assert caught.value.code == 404
        assert "no such proposal of yours" in caught.value.response.body.decode()
    assert json.loads(await call("POST", f"ai/proposals/{proposal}", {}))["accepted"] == [0]


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
    await over(call, model)
    # The workspace is closed and opened again, as a new process would.
    jp_serverapp.web_app.settings["nexus"].close()
    await over(call, model)
    # Bob has a budget of his own.
    model.will(ANSWER)
    bob = {"Authorization": f"Bearer {jp_serverapp.web_app.settings['nexus'].tokens.mint('bob')}"}
    asked = {"text": "Clearer", "panel": "till"}
    assert events(await call("POST", "ai/complete", asked, headers=bob))[-1]["kind"] == "proposal"


async def over(call: Any, model: Models) -> None:
    """Ask, and be refused: a problem that says how much was used, and when it is free again."""
    before = len(model.server.requests)
    with pytest.raises(HTTPClientError) as caught:
        await call("POST", "ai/complete", {"text": "Clearer", "panel": "till"})
    assert caught.value.code == 429
    assert caught.value.response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(caught.value.response.body)
    assert problem["code"] == "quota"
    assert "of 2,000,000 tokens" in problem["detail"]
    assert "free again at" in problem["hint"]
    assert len(model.server.requests) == before


@pytest.mark.parametrize("app", [{}])
async def test_without_a_model_the_one_sentence_says_how_to_have_one(call: Any) -> None:
    told = json.loads(await call("GET", "ai"))
    assert (told["configured"], told["models"]) == (False, [])
    await call("PUT", "panels/till", {"nxml": PANEL})
    failed = events(await call("POST", "ai/complete", {"text": "Clearer", "panel": "till"}))[-1]
    assert failed["kind"] == "failed"
    assert failed["message"] == told["hint"]
    assert "NEXUS_AI_URL" in told["hint"]


@pytest.mark.parametrize(
    ("app", "sentence"),
    [
        ({"ai_endpoints": [{"name": "x"}]}, "NexusApp.ai_endpoints cannot be understood: at 0."),
        ({"ai_budgets": {"user": {"tokens_per_day": "many"}}}, "NexusApp.ai_budgets cannot be understood."),
    ],
)
async def test_a_wrong_configuration_is_told_to_who_asks_and_keeps_nothing_from_working(
    call: Any, sentence: str
) -> None:
    await call("PUT", "panels/till", {"nxml": PANEL})
    failed = events(await call("POST", "ai/complete", {"text": "Clearer", "panel": "till"}))[-1]
    assert failed["kind"] == "failed"
    assert sentence in failed["message"]
    with pytest.raises(HTTPClientError) as caught:
        await call("GET", "ai")
    assert caught.value.code == 400
    assert sentence in json.loads(caught.value.response.body)["detail"]


@pytest.mark.parametrize("path", ["ai/complete", "ai/proposals/0af1"])
async def test_a_browser_needs_the_xsrf_token_to_ask_and_to_decide(
    jp_serverapp: Any, jp_base_url: str, http_server_client: Any, model: Models, path: str
) -> None:
    api = f"{jp_base_url}nexus/api/"
    signed_in = await http_server_client.fetch(f"{api}health?token={jp_serverapp.identity_provider.token}")
    cookies = "; ".join(cookie.split(";")[0] for cookie in signed_in.headers.get_list("Set-Cookie"))
    asked = {"method": "POST", "body": '{"text": "Clearer"}' if path == "ai/complete" else "{}"}
    with pytest.raises(HTTPClientError) as caught:
        await http_server_client.fetch(api + path, headers={"Cookie": cookies}, **asked)
    assert caught.value.code == 403
    assert model.server.requests == []
    xsrf = re.search(r"_xsrf=([^;]*)", cookies)
    assert xsrf is not None
    headers = {"Cookie": cookies, "X-XSRFToken": xsrf.group(1)}
    answer = await http_server_client.fetch(api + path, headers=headers, raise_error=False, **asked)
    assert answer.code == (200 if path == "ai/complete" else 404)
    jp_serverapp.web_app.settings["nexus"].close()
