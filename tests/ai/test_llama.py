"""A real llama.cpp server: the same protocol as a useful model's, spoken by random weights."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from nexus_jupyter.ai import ContextOverflow, Router
from nexus_jupyter.protocol.ai import Endpoint
from tests.ai.scripted import answered, ask, awaited

SCHEMA = {
    "type": "object",
    "properties": {
        "op": {"enum": ["set", "remove"]},
        "id": {"type": "string", "pattern": "^panel:[0-9]{1,3}$"},
        "n": {"type": "integer", "minimum": 0, "maximum": 99},
    },
    "required": ["op", "id", "n"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def random() -> Iterator[Endpoint]:
    pytest.importorskip("xllamacpp")
    from tests.ai.llama import random_model

    with random_model() as endpoint:
        yield endpoint


def test_answers_keep_to_the_schema_and_are_counted(random: Endpoint) -> None:
    async def run() -> None:
        router = Router([random])
        for number in range(5):
            events = await answered(router, ask(f"wish {number}", answer_schema=SCHEMA))
            answer = json.loads(events[-1].text)
            assert set(answer) == {"op", "id", "n"}
            assert answer["op"] in {"set", "remove"}
            assert len(events) > 10
            assert not events[-1].usage.estimated
            assert events[-1].usage.completion_tokens >= len(events) - 3

    awaited(run())


def test_free_text_ends_at_its_limit(random: Endpoint) -> None:
    async def run() -> None:
        events = await answered(Router([random]), ask(task="complete", max_tokens=20))
        assert events[-1].cut
        assert events[-1].usage.completion_tokens == 20

    awaited(run())


def test_a_context_that_is_too_long_is_refused_with_its_limit_and_learned(random: Endpoint) -> None:
    async def run() -> None:
        router = Router([random.model_copy(update={"window": 1_000_000})])
        with pytest.raises(ContextOverflow) as caught:
            await answered(router, ask("x " * 9000))
        assert caught.value.limit == router.window("edit") == random.window
        assert (await answered(router, ask(task="complete", max_tokens=5)))[-1].cut

    awaited(run())


def test_a_schema_that_it_cannot_keep_to_is_given_up_alone(random: Endpoint) -> None:
    async def run() -> None:
        router = Router([random])
        broken = {"type": "object", "properties": {"a": {"$ref": "#/$defs/nowhere"}}}
        await answered(router, ask(task="complete", answer_schema=broken, max_tokens=30))
        assert set(json.loads((await answered(router, ask(answer_schema=SCHEMA)))[-1].text)) == {"op", "id", "n"}

    awaited(run())
