"""A real llama.cpp server with random weights, held to the form of an answer: valid-looking nonsense, at scale.

The schema that it is held to has the panel's own ids and attributes in it, so that much of what it says could be meant.
``NEXUS_AI_PATCHES=10000`` is the long run.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest

from nexus_jupyter.ai import AnswerReader, Router, Unusable, answer_schema
from nexus_jupyter.assistant import Assistant, AssistantOptions
from nexus_jupyter.assistant.checking import check_edit, patch_of
from nexus_jupyter.protocol.ai import AskBody, AskEvent, AskFailed, Endpoint, Message, ModelFinished, ModelRequest
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.workspace import WorkspaceKernel
from tests.amount import SLOW
from tests.assistant.conftest import ANN, BOARD, run
from tests.conftest import COUNTER

pytest.importorskip("xllamacpp")
PATCHES = int(os.environ.get("NEXUS_AI_PATCHES", "500" if SLOW else "150"))
SLOTS = 4
WORDS = {
    "id": ["c", "kpi", "note", "go", "state.n", "action.add", "view", "board", "counter", "state.gone"],
    "at": ["c", "kpi", "note", "go", "view", "data", "logic"],
    "attr": ["label", "text", "if", "value", "title", "on:press", "default", "kind", "user:bob"],
    "value": ["Start", "{n}", "{gone}", "add(1)", "add()", "3", "many", "n > 1", "javascript:x()"],
    "nxml": ["<badge>{n}</badge>", "<badg>x</badg>", "<state name='m' type='int'/>", "<button label='B' on:press='add(2)'/>", "<uses cap='net.http' why='x'/>", "<script>1</script>", "<text id='note'>x</text>"],
    "old": ["n", "by", "Go", "A note"],
    "new": ["n", "2 * by", "{n", ""],
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Iterator[Endpoint]:
    from tests.ai.llama import random_model

    with random_model(slots=SLOTS, context=2048, abilities=["json_schema", "usage"]) as endpoint:
        yield endpoint


def schema() -> dict[str, Any]:
    """The schema of answers, with words of the panel where any text may stand, and few ops."""
    made: dict[str, Any] = copy.deepcopy(answer_schema())
    made["properties"]["say"] = {"type": "string", "enum": ["x"]}
    made["properties"]["ops"] |= {"minItems": 1, "maxItems": 3}
    for kind in made["properties"]["ops"]["items"]["anyOf"]:
        for name, words in WORDS.items():
            if name in kind["properties"]:
                kind["properties"][name] = {"type": "string", "enum": words}
        if kind["properties"]["op"]["enum"] == ["code"]:
            kind["properties"]["text"] = {
                "type": "string",
                "enum": ["state.n = 1;", "state.gone = 1;", "nx.fetch('x');"],
            }
    return made


async def answers(router: Router, count: int, seed: int) -> list[str]:
    async def one(number: int) -> str:
        asked = [Message(role="user", content=f"{seed} {number}")]
        request = ModelRequest(
            task="edit",
            messages=asked,
            user=f"u{number % SLOTS}",
            answer_schema=schema(),
            max_tokens=300,
            temperature=1.5,
        )
        try:
            async for event in router.stream(request):
                if isinstance(event, ModelFinished):
                    return event.text
        except NexusError:
            return ""  # cut off where it was too long
        return ""

    gate = asyncio.Semaphore(SLOTS)

    async def gated(number: int) -> str:
        async with gate:
            return await one(number)

    return await asyncio.gather(*(gated(number) for number in range(count)))


@pytest.mark.timeout(max(180, PATCHES))
def test_of_what_a_random_model_says_nothing_wrong_is_ever_done(kernel: WorkspaceKernel, model: Endpoint) -> None:
    kernel.put_panel("board", BOARD, ANN)
    kernel.put_panel("counter", COUNTER, Actor(id="bob"))

    async def collect() -> list[str]:
        router = Router([model])
        try:
            return await answers(router, PATCHES, 1)
        finally:
            await router.aclose()

    applied = refused = 0
    for text in run(collect()):
        head, before = kernel.head, kernel.panel("board").nxml
        reader = AnswerReader()
        reader.feed(text)
        try:
            checked = check_edit(kernel, head, "board", reader.finish())
        except Unusable:
            refused += 1
            assert kernel.head is head
            continue
        change = kernel.edit("board", patch_of("board", head.rev, checked.edits), ANN, prompt="random")
        if change is None:
            continue
        applied += 1
        assert sound(kernel.build("board"))
        assert kernel.panel("counter").nxml == COUNTER
        assert kernel.permissions.store.all() == []
        assert kernel.panel("board", "bob").state["n"] == kernel.panel("board", "ann").state["n"]
        kernel.undo("board", ANN)
        assert kernel.reactor.format(kernel.panel("board").nxml) == kernel.reactor.format(before)
    logging.getLogger(__name__).info("%d answers: %d applied and taken back, %d refused", PATCHES, applied, refused)
    assert applied > 0
    assert refused > PATCHES / 4


def test_a_wish_to_a_random_model_fails_in_a_sentence_and_changes_nothing(kernel: WorkspaceKernel) -> None:
    from tests.ai.llama import random_model

    kernel.put_panel("board", BOARD, ANN)
    before = kernel.head

    async def conversation(endpoint: Endpoint) -> list[AskEvent]:
        router = Router([endpoint])
        # No more than must be shown: to this model a token is a byte, and reading takes it long.
        assistant = Assistant(kernel, router, options=AssistantOptions(budget=1))
        try:
            return [event async for event in assistant.ask(AskBody(text="Make it nicer"), ANN)]
        finally:
            assistant.close()
            await router.aclose()

    with random_model(context=8192, answer=200) as endpoint:
        events = run(conversation(endpoint))
    failed = events[-1]
    assert isinstance(failed, AskFailed)
    assert failed.message
    assert failed.hint
    assert kernel.head is before


def sound(build: Build) -> bool:
    return build.ok and not any(one.severity == "error" for one in build.diagnostics)
