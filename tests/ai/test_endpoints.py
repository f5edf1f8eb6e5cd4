"""Configuring models, and what must never leave the process."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from nexus_jupyter.ai import CallFact, Router, Transcripts, endpoints_from_environment
from nexus_jupyter.protocol.ai import Endpoint
from nexus_jupyter.protocol.errors import ModelError, NexusError, RequestError
from tests.ai.scripted import Step, answered, ask, awaited, scripted

CANARY = "canary-7f3a9c51d2"
URL = "http://127.0.0.1:1/v1"


def test_the_simple_variables_make_one_endpoint() -> None:
    given = {"NEXUS_AI_URL": URL, "NEXUS_AI_MODEL": "llama", "NEXUS_AI_KEY": CANARY, "NEXUS_AI_WINDOW": "8192"}
    (endpoint,) = endpoints_from_environment(given)
    assert (endpoint.url, endpoint.model, endpoint.window) == (URL, "llama", 8192)
    assert endpoint.key == "env:NEXUS_AI_KEY"
    (without,) = endpoints_from_environment({"NEXUS_AI_URL": URL, "NEXUS_AI_MODEL": "llama", "OPENAI_API_KEY": CANARY})
    assert not without.key, "a key for OpenAI goes nowhere else"


def test_openais_variables_are_taken_with_a_model_and_only_then() -> None:
    (endpoint,) = endpoints_from_environment({"NEXUS_AI_MODEL": "gpt-x", "OPENAI_API_KEY": CANARY})
    assert (endpoint.url, endpoint.key) == ("https://api.openai.com/v1", "env:OPENAI_API_KEY")
    given = {"NEXUS_AI_MODEL": "gpt-x", "OPENAI_API_KEY": CANARY, "OPENAI_BASE_URL": URL}
    assert endpoints_from_environment(given)[0].url == URL
    assert endpoints_from_environment({"OPENAI_API_KEY": CANARY, "OPENAI_BASE_URL": URL}) == []


def test_a_list_of_endpoints_keeps_its_order() -> None:
    given = [{"name": name, "url": URL, "model": "m", "key": "file:~/key"} for name in ("b", "a")]
    endpoints = endpoints_from_environment({"NEXUS_AI_ENDPOINTS": json.dumps(given), "NEXUS_AI_URL": "ignored"})
    assert [endpoint.name for endpoint in endpoints] == ["b", "a"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"NEXUS_AI_URL": URL}, "no model"),
        ({"NEXUS_AI_MODEL": "m"}, "not where"),
        ({"NEXUS_AI_MODEL": "m", "NEXUS_AI_URL": "localhost:11434"}, "not of the form"),
        ({"NEXUS_AI_MODEL": "m", "NEXUS_AI_URL": f"http://me:{CANARY}@host/v1"}, "not of the form"),
        ({"NEXUS_AI_MODEL": "m", "NEXUS_AI_URL": f"http://host/v1?key={CANARY}"}, "not of the form"),
        ({"NEXUS_AI_MODEL": "m", "NEXUS_AI_URL": URL, "NEXUS_AI_WINDOW": "large"}, "window"),
        ({"NEXUS_AI_ENDPOINTS": f"[{CANARY}"}, "no JSON"),
        ({"NEXUS_AI_ENDPOINTS": json.dumps({"name": CANARY})}, "at the list"),
        ({"NEXUS_AI_ENDPOINTS": json.dumps([{"name": "a", "url": URL, "model": "m", "key": CANARY}])}, "0.key"),
        ({"NEXUS_AI_ENDPOINTS": json.dumps([{"name": "a", "url": URL, "model": "m"}] * 2)}, "called 'a'"),
    ],
)
def test_what_is_wrong_with_the_configuration_is_said_without_what_may_be_a_key(
    given: dict[str, str], words: str
) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        endpoints_from_environment(given)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_key_in_the_place_of_its_name_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValidationError) as caught:
        Endpoint(name="a", url=URL, model="m", key=CANARY)
    assert CANARY not in str(caught.value)


def test_a_key_is_read_at_each_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"

    async def run() -> None:
        async with scripted() as server:
            router = Router([server.endpoint(key=f"file:{file}"), server.endpoint("two", key="env:NEXUS_TEST_KEY")])
            with pytest.raises(ModelError, match="holds no key for 'one'") as caught:
                await answered(router, ask())
            assert "holds no key for 'two'" in caught.value.message
            assert not server.requests
            file.write_text("first\n")
            again = Router([server.endpoint(key=f"file:{file}")])
            await answered(again, ask())
            file.write_text("second\n")
            await answered(again, ask())
            assert ["Bearer first" in server.heads[0], "Bearer second" in server.heads[1]] == [True, True]

    monkeypatch.delenv("NEXUS_TEST_KEY", raising=False)
    awaited(run())


def test_a_request_carries_the_key_and_nothing_else_about_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    surprises = {
        "OPENAI_API_KEY": CANARY,
        "OPENAI_ADMIN_KEY": CANARY,
        "OPENAI_ORG_ID": CANARY,
        "OPENAI_PROJECT_ID": CANARY,
        "OPENAI_BASE_URL": "http://127.0.0.1:9/",
        "OPENAI_CUSTOM_HEADERS": f"X-Surprise: {CANARY}\nAuthorization: {CANARY}",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }
    for name, value in surprises.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NEXUS_TEST_KEY", "mine")

    async def run() -> None:
        async with scripted() as server:
            router = Router([server.endpoint("bare"), server.endpoint("keyed", key="env:NEXUS_TEST_KEY")])
            await answered(router, ask())
            await answered(router, ask(), skip=frozenset({"bare"}))
            names = [[line.split(":")[0].lower() for line in head.split("\r\n")[1:] if line] for head in server.heads]
            plain = ["host", "connection", "accept", "content-type", "content-length", "user-agent", "accept-encoding"]
            assert [sorted(each) for each in names] == [sorted(plain), sorted([*plain, "authorization"])]
            assert CANARY not in "".join(server.heads)
            assert "Authorization: Bearer mine\r\n" in server.heads[1]

    awaited(run())


def test_a_key_is_in_no_log_error_event_fact_or_file(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEXUS_TEST_KEY", CANARY)
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx2", "httpcore2", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    seen: list[str] = []
    facts: list[CallFact] = []
    echo = {"error": {"message": f"Incorrect API key provided: {CANARY} (Bearer {CANARY})", "code": "x"}}
    steps = [
        Step(status=401, body=echo),
        Step(status=400, body=echo),
        Step(status=500, body=echo),
        Step("abc", raw_after=[b"data: " + json.dumps(echo).encode() + b"\n\n"]),
        Step("abc", cut_after=0),
        Step("abc", raw=[b"data: {no json}\n\n"]),
        Step(f"my key is {CANARY}, I think"),
    ]

    async def run() -> None:
        for step in steps:
            async with scripted(step) as server:
                endpoint = server.endpoint(key="env:NEXUS_TEST_KEY")
                further = [server.endpoint("two", key="env:NEXUS_TEST_KEY")] if step.status in {200, 500} else []
                kept = Transcripts(tmp_path, record=True)
                router = Router([endpoint, *further], transcripts=kept)
                router.follow(facts.append)
                seen.extend([repr(endpoint), repr(router), endpoint.model_dump_json()])
                try:
                    events = await answered(router, ask())
                    seen.extend(repr(event) for event in events if step is not steps[-1])
                except NexusError as error:
                    seen.extend([repr(error), str(error), "".join(traceback.format_exception(error))])
                    seen.append(repr(_everything(error)))
                assert all(f"Bearer {CANARY}" in head for head in server.heads)
                await router.aclose()

    awaited(run())
    logged = [repr(vars(record)) + caplog.handler.format(record) for record in caplog.records]
    assert len(logged) > 20
    assert len(facts) > 10
    (file,) = tmp_path.glob("*.json")
    assert "".join(json.loads(file.read_text())["answer"]) == "my key is [key], I think"
    assert CANARY not in "".join([*seen, *logged, repr(facts), file.read_text()])


def _everything(error: BaseException) -> list[object]:
    found: list[object] = []
    each: BaseException | None = error
    while each is not None:
        found += [each.args, vars(each)]
        frame = each.__traceback__
        while frame is not None:
            if "nexus_jupyter" in frame.tb_frame.f_code.co_filename:
                found.append(dict(frame.tb_frame.f_locals))
            frame = frame.tb_next
        each = each.__cause__ or each.__context__
    return found
