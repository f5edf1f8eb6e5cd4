"""What people get when models answer, fail, stall, lie about their form, or are too many for one endpoint."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import aclosing
from typing import Any

import pytest

from nexus_jupyter.ai import CallFact, ContextOverflow, FairQueue, Router
from nexus_jupyter.ai.breaker import Breaker
from nexus_jupyter.protocol.ai import ModelEvent, ModelFinished, ModelRestarted
from nexus_jupyter.protocol.errors import ModelError, NexusError, QuotaError, UnavailableError
from tests.ai.scripted import Step, answered, ask, awaited, scripted

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
#: Who is silent is given up soon; everybody else has all the time that a busy machine needs.
IMPATIENT: dict[str, dict[str, object]] = {
    "silence before the answer": {"first_within": 0.1},
    "silence within the answer": {"next_within": 0.1},
    "pings in the place of an answer": {"first_within": 0.1},
}
DATA = b"data: %s\n\n"
#: What one endpoint does, and the words that say so.
FAILURES = {
    "a connection that breaks midway": (Step("a long answer", cut_after=2), "broke off"),
    "an end without a reason": (Step("a long answer", finish=None), "in the middle"),
    "an end without anything": (Step("a long answer", finish=None, done=False, usage=None), "in the middle"),
    "nothing between begin and end": (Step(""), "answered with nothing"),
    "a chunk that is no JSON": (Step("a", raw=[DATA % b"{not json}"]), "no JSON"),
    "a chunk that is no text": (Step("a", raw=[b"data: \xff\xfe\n\n"]), "no JSON"),
    "a chunk that is a number": (Step("a", raw=[DATA % b"7"]), "no answer"),
    "a chunk with choices of the wrong kind": (Step("a", raw=[DATA % b'{"choices": 7}']), "no answer"),
    "JSON that is nested without end": (Step("a", raw=[DATA % (b"[" * 100_000)]), "no JSON"),
    "text that is none": (Step("a", raw=[DATA % b'{"choices": [{"index": 0, "delta": {"content": [1]}}]}']), "no text"),
    "an error within the stream": (Step("a", raw_after=[DATA % b'{"error": {"message": "boom"}}']), "answering: boom"),
    "silence before the answer": (Step("a", hold_before=True), "did not begin"),
    "silence within the answer": (Step("a long answer", hold_after=2), "said nothing more"),
    "pings in the place of an answer": (Step("a", raw=[b": ping\n\n"] * 9, hold_after=0), "did not begin"),
    "a server error": (Step(status=500), "HTTP 500"),
    "a server that is overloaded": (Step(status=529), "HTTP 529"),
    "a wrong key": (Step(status=401), "does not accept the key"),
    "a wrong address": (Step(status=404), "does not know"),
    "too many requests": (Step(status=429), "too much to do"),
    "an account without credit": (
        Step(status=429, body={"error": {"message": "pay", "code": "insufficient_quota"}}),
        "does not accept",
    ),
    "a redirect": (Step(status=307, headers={"location": "http://127.0.0.1:9/"}), "redirects elsewhere"),
    "a page in the place of a stream": (
        Step("<html>", kind="text/html", raw=[b"<html></html>"], finish=None),
        "in the",
    ),
    "an answer that was too long": (Step("a long answer", finish="length"), "longer than"),
    "an answer that a filter stopped": (Step("a long answer", finish="content_filter"), "filter"),
    "a call of a tool": (Step("a", finish="tool_calls"), "called a tool"),
    "a line without an end": (Step("a", raw=[b"data: " + b"x" * (1 << 21)]), "more than an answer"),
    "a compressed answer": (Step("a", headers={"content-encoding": "gzip"}), "more than an answer"),
    "an answer without an end": (Step("x" * 100_000, piece=1000), "does not come to an end"),
}


def words(events: list[ModelEvent]) -> str:
    finished = events[-1]
    assert isinstance(finished, ModelFinished)
    return finished.text


@pytest.mark.parametrize("what", FAILURES)
def test_when_one_model_fails_the_next_one_answers_and_the_person_is_told_why(what: str) -> None:
    step, why = FAILURES[what]

    async def run() -> None:
        async with scripted(step) as bad, scripted(Step("the answer")) as good:
            router = Router([bad.endpoint("one", answer=200, **IMPATIENT.get(what, {})), good.endpoint("two")])
            events = await answered(router, ask())
            restarted = [event for event in events if isinstance(event, ModelRestarted)]
            assert [event.endpoint for event in restarted] == ["one"]
            assert why in restarted[0].why
            assert restarted[0].why.endswith(".")

            after = events[events.index(restarted[0]) + 1 :]
            assert "".join(event.text for event in after if event.kind == "text") == words(events) == "the answer"
            assert events[-1].endpoint == "two"
            await router.aclose()

    awaited(run())


@pytest.mark.parametrize(
    "what",
    [
        "a connection that breaks midway",
        "a chunk that is no JSON",
        "an error within the stream",
        "silence before the answer",
        "a wrong key",
        "a redirect",
        "a line without an end",
    ],
)
def test_when_the_only_model_fails_there_is_a_sentence_and_no_trace_of_the_sdk(what: str) -> None:
    step, why = FAILURES[what]

    async def run() -> ModelError:
        async with scripted(*[step] * 3) as bad:
            router = Router([bad.endpoint("one", answer=200, **IMPATIENT.get(what, {}))])
            with pytest.raises(ModelError) as caught:
                await answered(router, ask())
            await router.aclose()
            return caught.value

    error = awaited(run())
    assert why in error.message
    assert error.hint
    chained: BaseException | None = error
    while chained is not None:
        assert isinstance(chained, NexusError)
        chained = chained.__cause__ or chained.__context__


def test_an_endpoint_that_cannot_be_reached_is_named() -> None:
    async def run() -> None:
        async with scripted() as server:
            gone = server.endpoint("one")
        router = Router([gone])
        with pytest.raises(ModelError, match="'one' cannot be reached") as caught:
            await answered(router, ask())
        assert "server runs" in caught.value.hint

    awaited(run())


def test_a_whole_answer_tells_who_gave_it_and_what_it_cost() -> None:
    async def run() -> None:
        async with scripted(Step("hello world", usage=(1000, 500), ping=True)) as server:
            router = Router([server.endpoint("one", price_in=2, price_out=10)])
            events = await answered(router, ask())
            assert [event.kind for event in events] == ["started", "text", "text", "text", "finished"]
            finished = events[-1]
            assert isinstance(finished, ModelFinished)
            assert (finished.text, finished.endpoint, finished.model) == ("hello world", "one", "m")
            assert finished.usage.cost == pytest.approx(0.007)
            assert not finished.usage.estimated
            assert 0 < finished.first <= finished.seconds

    awaited(run())


def test_what_comes_after_the_whole_answer_cannot_spoil_it() -> None:
    async def run() -> None:
        broken = [_chunk({}, "stop"), DATA % b"{not json}"]
        async with scripted(Step("hello", raw_after=broken, usage=None)) as server:
            events = await answered(Router([server.endpoint()]), ask())
            assert words(events) == "hello"
            assert events[-1].usage.estimated

    awaited(run())


def test_thoughts_are_a_sign_of_life_and_no_part_of_the_answer() -> None:
    async def run() -> None:
        thought = _chunk({"reasoning_content": "hm"}, None)
        async with scripted(Step("hello", raw=[thought] * 3)) as server:
            assert words(await answered(Router([server.endpoint()]), ask())) == "hello"

    awaited(run())


def test_a_completion_may_end_at_its_limit_and_says_so() -> None:
    async def run() -> None:
        async with scripted(Step("once upon a", finish="length")) as server:
            events = await answered(Router([server.endpoint()]), ask(task="complete", max_tokens=3))
            assert events[-1].cut
            assert server.requests[0]["max_tokens"] == 3

    awaited(run())


# Who is asked


def test_endpoints_are_asked_for_their_tasks_in_their_order_and_not_those_to_be_skipped() -> None:
    async def run() -> None:
        async with scripted() as one, scripted() as two, scripted() as three:
            router = Router(
                [
                    one.endpoint("one", tasks=["complete"]),
                    two.endpoint("two", window=9000),
                    three.endpoint("three", window=8000),
                ]
            )
            assert (await answered(router, ask()))[-1].endpoint == "two"
            assert (await answered(router, ask(), skip=frozenset({"two"})))[-1].endpoint == "three"
            assert (await answered(router, ask(task="complete")))[-1].endpoint == "one"
            assert router.window("edit") == 8000
            with pytest.raises(ModelError, match="no further"):
                await answered(router, ask(), skip=frozenset({"two", "three"}))

    awaited(run())


def test_the_only_endpoint_is_asked_again_when_it_was_busy_for_a_moment() -> None:
    async def run() -> None:
        busy = Step(status=429, headers={"retry-after-ms": "30"})
        async with scripted(busy, Step(status=503), Step("at last")) as server:
            events = await answered(Router([server.endpoint()]), ask())
            assert words(events) == "at last"
            assert len(server.requests) == 3

    awaited(run())


def test_nobody_waits_an_hour_for_a_busy_endpoint() -> None:
    async def run() -> None:
        async with scripted(Step(status=429, headers={"retry-after": "3600"})) as server:
            router = Router([server.endpoint()])
            with pytest.raises(ModelError, match="too much to do"):
                await answered(router, ask())
            with pytest.raises(ModelError, match="at the moment") as caught:
                await answered(router, ask())
            assert "asked again in 3600 s" in caught.value.hint
            assert len(server.requests) == 1

    awaited(run())


def test_an_endpoint_that_keeps_failing_is_left_alone_and_tried_with_one_request() -> None:
    now = [0.0]

    async def run() -> None:
        fails = [Step("abc", hold_before=True)] * 3
        async with scripted(*fails, Step("back", hold_before=True)) as flaky, scripted() as steady:
            router = Router([flaky.endpoint("one", first_within=0.05), steady.endpoint("two")])
            router._served["one"].breaker = Breaker(lambda: now[0])
            for _ in range(5):
                assert (await answered(router, ask()))[-1].endpoint == "two"
            assert len(flaky.requests) == 3
            now[0] = 11
            router._served["one"].caller.endpoint = flaky.endpoint("one")
            flaky.held.clear()
            trying = asyncio.create_task(answered(router, ask()))
            await flaky.held.wait()
            others = await asyncio.gather(*(answered(router, ask()) for _ in range(4)))
            assert {events[-1].endpoint for events in others} == {"two"}
            assert len(flaky.requests) == 4
            flaky.release.set()
            assert (await trying)[-1].endpoint == "one"
            assert (await answered(router, ask()))[-1].endpoint == "one"

    awaited(run())


def test_an_endpoint_whose_answers_are_of_no_use_is_left_alone_too() -> None:
    async def run() -> None:
        async with scripted() as one, scripted() as two:
            router = Router([one.endpoint("one"), two.endpoint("two")])
            for _ in range(3):
                assert (await answered(router, ask()))[-1].endpoint == "one"
                router.reject("one", "it names nodes that are not there.")
            assert (await answered(router, ask()))[-1].endpoint == "two"

    awaited(run())


def test_without_a_model_one_sentence_says_how_to_configure_one() -> None:
    router = Router.from_environment({})
    assert not router.configured
    with pytest.raises(UnavailableError) as caught:
        awaited(answered(router, ask()))
    sentence = caught.value.message
    assert all(word in sentence for word in ("NEXUS_AI_URL", "NEXUS_AI_MODEL", "Ollama", "vLLM", "llama.cpp"))
    assert sentence.count(". ") == 0
    assert sentence.endswith(".")


# How they are asked


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ({"message": "request (9 tokens) exceeds the available context size (4096 tokens)", "n_ctx": 4096}, 4096),
        ({"message": "This model's maximum context length is 8,192 tokens.", "code": "context_length_exceeded"}, 8192),
        ({"message": "prompt is too long: 210000 tokens > 200000 maximum"}, 200000),
        ({"message": "Please reduce the length of the messages."}, None),
        ({"message": "the context size is exceeded", "type": "exceed_context_size_error", "n_ctx": 1}, 1),
    ],
)
def test_a_request_that_is_too_long_says_how_long_it_may_be(said: dict[str, Any], limit: int | None) -> None:
    async def run() -> None:
        async with scripted(Step(status=400, body={"error": said})) as server:
            router = Router([server.endpoint(window=300_000)])
            with pytest.raises(ContextOverflow) as caught:
                await answered(router, ask())
            assert caught.value.limit == limit
            assert router.window("edit") == (limit if limit and limit > 1 else 300_000)
            assert words(await answered(router, ask())) == "ok"

    awaited(run())


def test_a_request_too_long_for_one_model_goes_to_one_that_takes_more() -> None:
    async def run() -> None:
        async with scripted() as small, scripted(Step("large")) as large:
            router = Router([small.endpoint("small", window=512), large.endpoint("large", window=100_000)])
            assert words(await answered(router, ask("word " * 2000))) == "large"
            assert not small.requests
            with pytest.raises(ContextOverflow, match="100,000"):
                await answered(router, ask("word " * 200_000))

    awaited(run())


def test_an_endpoint_is_asked_for_a_schema_then_for_json_then_for_text_and_remembers() -> None:
    async def run() -> None:
        def refuse(what: str) -> Step:
            return Step(status=400, body={"error": {"message": f"response_format {what} is not supported"}})

        async with scripted(refuse("json_schema"), refuse("json_object")) as server:
            router = Router([server.endpoint()])
            for _ in range(2):
                await answered(router, ask(answer_schema=SCHEMA))
            assert [_form(request) for request in server.requests] == ["json_schema", "json_object", None, None]

    awaited(run())


@pytest.mark.parametrize(
    "message", ["JSON schema error: cannot resolve $ref", "Invalid schema for response_format 'answer': no $ref"]
)
def test_a_schema_that_is_refused_does_not_cost_the_others(message: str) -> None:
    async def run() -> None:
        refusal = Step(status=400, body={"error": {"message": message}})
        async with scripted(refusal) as server:
            router = Router([server.endpoint()])
            await router.warm()
            for schema in ({"$ref": "#/nowhere"}, {"$ref": "#/nowhere"}, SCHEMA):
                await answered(router, ask(answer_schema=schema))
            forms = [_form(request) for request in server.requests]
            assert forms == ["json_schema", "json_object", "json_object", "json_schema"]
            given = server.requests[-1]["response_format"]["json_schema"]
            assert given == {"name": "answer", "strict": True, "schema": SCHEMA}

    awaited(run())


def test_what_an_endpoint_does_not_know_is_left_out() -> None:
    async def run() -> None:
        def refuse(words: str) -> Step:
            return Step(status=400, body={"error": {"message": words}})

        async with scripted(
            refuse("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
            refuse("Unsupported value: 'temperature' does not support 0.2."),
            refuse("Unknown field stream_options"),
        ) as server:
            events = await answered(Router([server.endpoint(answer=77)]), ask(temperature=0.2))
            assert server.requests[-1] == {
                "model": "m",
                "stream": True,
                "messages": [{"role": "user", "content": "hello"}],
                "max_completion_tokens": 77,
            }
            assert events[-1].usage.estimated

    awaited(run())


def test_configured_abilities_are_believed() -> None:
    async def run() -> None:
        async with scripted() as server:
            await answered(Router([server.endpoint(abilities=["json_object"])]), ask(answer_schema=SCHEMA))
            assert _form(server.requests[0]) == "json_object"
            assert "stream_options" not in server.requests[0]

    awaited(run())


# Many at a time


def test_a_hundred_people_are_served_with_few_calls_at_a_time() -> None:
    async def run() -> None:
        async with scripted() as server:
            facts: list[CallFact] = []
            router = Router([server.endpoint()], queue=FairQueue(8, each=8))
            router.follow(facts.append)
            every = await asyncio.gather(*(answered(router, ask(user=f"person {n}")) for n in range(100)))
            assert [words(events) for events in every] == ["ok"] * 100
            assert server.most <= 8
            assert Counter(fact.kind for fact in facts) == {"started": 100, "finished": 100}
            assert len({fact.call for fact in facts}) == 100

    awaited(run())


def test_one_persons_hundred_requests_do_not_hold_up_another_one() -> None:
    async def run() -> None:
        async with scripted(Step(hold_before=True)) as server:
            order: list[str] = []
            router = Router([server.endpoint()], queue=FairQueue(1, each=1))

            async def one(user: str) -> None:
                await answered(router, ask(user=user))
                order.append(user)

            many = [asyncio.create_task(one("ann")) for _ in range(100)]
            await server.held.wait()
            bob = asyncio.create_task(one("bob"))
            await asyncio.sleep(0)
            server.release.set()
            await asyncio.gather(bob, *many)
            assert "bob" in order[:3]

    awaited(run())


def test_who_leaves_gives_up_the_place_and_the_call_ends() -> None:
    async def run() -> None:
        async with scripted(Step("a long answer", hold_after=2)) as server:
            facts: list[CallFact] = []
            queue = FairQueue(1, each=1)
            router = Router([server.endpoint()], queue=queue)
            router.follow(facts.append)
            async with aclosing(router.stream(ask())) as events:
                async for event in events:
                    if event.kind == "text":
                        break
            await server.left.wait()
            assert queue.running == 0
            assert facts[-1].kind == facts[-1].outcome == "cancelled"
            assert facts[-1].usage.completion_tokens > 0
            assert words(await answered(router, ask(user="bob"))) == "ok"

    awaited(run())


def test_a_task_that_is_cancelled_while_it_waits_or_is_served_leaves_nothing_behind() -> None:
    async def run() -> None:
        async with scripted(Step(hold_before=True)) as server:
            queue = FairQueue(1, each=1)
            router = Router([server.endpoint()], queue=queue)
            served = asyncio.create_task(answered(router, ask()))
            await server.held.wait()
            waiting = [asyncio.create_task(answered(router, ask(user=f"person {n}"))) for n in range(5)]
            await asyncio.sleep(0)
            assert queue.waiting == 5
            for task in (*waiting, served):
                task.cancel()
            results = await asyncio.gather(served, *waiting, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
            await server.left.wait()
            assert (queue.running, queue.waiting) == (0, 0)

    awaited(run())


def test_too_many_who_wait_are_told_so() -> None:
    async def run() -> None:
        async with scripted(Step(hold_before=True)) as server:
            router = Router([server.endpoint()], queue=FairQueue(1, waiting=1, within=0.05))
            served = asyncio.create_task(answered(router, ask()))
            await server.held.wait()
            waiting = asyncio.create_task(answered(router, ask(user="bob")))
            await asyncio.sleep(0)
            with pytest.raises(QuotaError, match="1 requests wait"):
                await answered(router, ask(user="eve"))
            with pytest.raises(QuotaError, match="free within"):
                await waiting
            server.release.set()
            assert words(await served) == "ok"

    awaited(run())


def test_an_answer_is_read_no_faster_than_it_is_taken() -> None:
    async def run() -> None:
        text = "x" * (12 << 20)
        async with scripted(Step(text, piece=1 << 15)) as server:
            router = Router([server.endpoint(answer=300_000)])
            async with aclosing(router.stream(ask())) as events:
                await anext(events)
                await anext(events)
                await server.blocked.wait()
                for _ in range(1000):  # as much time as a reader in the background would want
                    await asyncio.sleep(0)
                assert server.sent < len(text) >> 15
                rest = [event async for event in events]
            assert len(words(rest)) == len(text)

    awaited(run())


def test_a_router_works_in_one_event_loop_after_another() -> None:
    router: list[Router] = []

    async def run(endpoint: Any) -> str:
        async with scripted() as server:
            if not router:
                router.append(Router([endpoint(server)]))
            served = router[0]._served["one"]
            served.caller.endpoint = server.endpoint()
            return words(await answered(router[0], ask()))

    for _ in range(2):
        assert awaited(run(lambda server: server.endpoint())) == "ok"


def test_a_meter_that_fails_does_not_break_the_answer() -> None:
    def meter(fact: CallFact) -> None:
        raise RuntimeError(fact.kind)

    async def run() -> None:
        async with scripted() as server:
            router = Router([server.endpoint()])
            router.follow(meter)
            assert words(await answered(router, ask())) == "ok"

    awaited(run())


def _form(request: dict[str, Any]) -> str | None:
    given = request.get("response_format")
    return given and str(given["type"])


def _chunk(delta: dict[str, str], finish: str | None) -> bytes:
    given = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return DATA % json.dumps({**given, "choices": choices}).encode()
