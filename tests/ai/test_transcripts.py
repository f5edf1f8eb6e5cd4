"""Answers are recorded with a model and replayed without one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from nexus_jupyter.ai import Router, Transcripts, rerecord
from nexus_jupyter.ai.transcripts import scrubbed
from nexus_jupyter.protocol.ai import Message, ModelRequest
from nexus_jupyter.protocol.errors import ModelError
from tests.ai.scripted import Step, answered, ask, awaited, scripted

SCHEMA = {"type": "object", "properties": {"n": {"type": ["integer", "null"], "default": None}}}


def test_an_answer_is_replayed_as_it_came_with_no_endpoint(tmp_path: Path) -> None:
    request = ask("one\ntwo \N{SNOWMAN}\n", answer_schema=SCHEMA, max_tokens=50)

    async def run() -> None:
        async with scripted(Step("a long answer"), Step("more")) as server:
            recording = Router([server.endpoint()], transcripts=Transcripts(tmp_path, record=True))
            lived = await answered(recording, request)
            replaying = Router([], transcripts=tmp_path)
            assert replaying.configured
            played = await answered(replaying, request.model_copy(update={"user": "bob", "panel": "p"}))
            assert [event.kind for event in played] == [event.kind for event in lived]
            assert played[1:-1] == lived[1:-1]
            assert (played[-1].text, played[-1].usage) == ("a long answer", lived[-1].usage)
            with pytest.raises(ModelError, match="no recorded answer"):
                await answered(replaying, ask("something else"))
            with pytest.raises(ModelError, match="no recorded answer"):
                await answered(replaying, request, skip=frozenset({"one"}))
            both = Router([server.endpoint()], transcripts=tmp_path)
            assert (await answered(both, ask("something else")))[-1].text == "more"

    awaited(run())
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_what_the_system_part_says_does_not_make_it_another_question(tmp_path: Path) -> None:
    def asked(system: str) -> ModelRequest:
        said = [Message(role="system", content=system), Message(role="user", content="blue")]
        return ModelRequest(task="edit", messages=said, user="ann")

    async def run() -> None:
        async with scripted() as server:
            await answered(
                Router([server.endpoint()], transcripts=Transcripts(tmp_path, record=True)), asked("release 1")
            )
        assert (await answered(Router([], transcripts=tmp_path), asked("release 2")))[-1].text == "ok"

    awaited(run())


def test_what_a_failed_endpoint_said_is_not_recorded(tmp_path: Path) -> None:
    async def run() -> None:
        async with scripted(Step("half an answer", cut_after=2), Step("whole")) as server:
            await answered(Router([server.endpoint()], transcripts=Transcripts(tmp_path, record=True)), ask())
        (kept,) = Transcripts(tmp_path).all()
        assert "".join(kept.answer) == "whole"

    awaited(run())


def test_a_file_is_the_same_wherever_it_was_recorded(tmp_path: Path) -> None:
    here = (
        f"see {Path.home()}/data.csv, {Path.cwd()}/x and /home/ann/y and C:\\Users\\bob\\z; key sk-abcdef123456 secret"
    )

    async def run() -> None:
        async with scripted(Step(f"it is {here}, is it", piece=3)) as server:
            kept = Transcripts(tmp_path, record=True, secrets=["secret"])
            await answered(Router([server.endpoint()], transcripts=kept), ask(here))

    awaited(run())
    (file,) = tmp_path.glob("*.json")
    text = file.read_text(encoding="utf-8")
    clean = "see ~/data.csv, ~/x and ~/y and ~\\z; key [key] [key]"
    given = json.loads(text)
    assert "".join(given["messages"][0]["lines"]) == clean
    assert "".join(given["answer"]) == f"it is {clean}, is it"
    assert len(given["answer"]) > 10
    awaited(run())
    assert file.read_text(encoding="utf-8") == text


def test_a_folder_is_recorded_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with scripted(Step("old one"), Step("old two"), Step("new"), Step("new")) as server:
            recording = Router([server.endpoint()], transcripts=Transcripts(tmp_path, record=True))
            for text in ("one", "two"):
                await answered(recording, ask(text, answer_schema=SCHEMA))
            before = server.requests[:2]
            assert await rerecord(tmp_path, recording) == 2
            assert sorted(server.requests[2:], key=str) == sorted(before, key=str)
            assert ["".join(kept.answer) for kept in Transcripts(tmp_path).all()] == ["new", "new"]

    awaited(run())


def test_a_demonstration_has_its_pace(tmp_path: Path) -> None:
    async def run() -> None:
        async with scripted(Step("x" * 40)) as server:
            await answered(Router([server.endpoint()], transcripts=Transcripts(tmp_path, record=True)), ask())
        clock = asyncio.get_running_loop().time
        began = clock()
        events = await answered(Router([], transcripts=Transcripts(tmp_path, pace=400)), ask())
        assert clock() - began >= 0.1
        assert events[-1].seconds >= 0.1

    awaited(run())


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with scripted() as server:
            await answered(Router([server.endpoint()], transcripts=Transcripts(tmp_path, record=True)), ask())

    awaited(run())
    (file,) = tmp_path.glob("*.json")
    file.write_text("{")
    with pytest.raises(ModelError, match=file.name):
        awaited(answered(Router([], transcripts=tmp_path), ask()))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/root/x", "~/x"),
        ("/rootless", "/rootless"),
        ("sk-proj-AbCd1234", "[key]"),
        ("hf_AbCdEfGh12", "[key]"),
        ("Authorization: Bearer abc.def", "Authorization: [key]"),
        ("a task-list and risk-free", "a task-list and risk-free"),
    ],
)
def test_scrubbing(text: str, clean: str) -> None:
    assert scrubbed(text) == clean


def test_what_is_asked_for_the_first_time_is_recorded_where_the_environment_says_so(tmp_path: Path) -> None:
    async def run() -> None:
        async with scripted(Step("one"), Step("two")) as server:
            given = {"NEXUS_AI_URL": server.url, "NEXUS_AI_MODEL": "m", "NEXUS_AI_TRANSCRIPTS": str(tmp_path)}
            recording = Router.from_environment({**given, "NEXUS_AI_RECORD": "1"})
            assert [(await answered(recording, ask()))[-1].text for _ in range(2)] == ["one", "two"]
            assert (await answered(Router.from_environment(given), ask()))[-1].text == "two"
            assert len(server.requests) == 2

    awaited(run())
