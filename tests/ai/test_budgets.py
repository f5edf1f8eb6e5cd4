"""Budgets hold whatever happens at the same time, and say when they are free again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nexus_jupyter.ai import Allowance, Budgets, Router
from nexus_jupyter.ai.budgets import Ledger
from nexus_jupyter.protocol.ai import Usage
from nexus_jupyter.protocol.errors import QuotaError, RequestError
from tests.ai.scripted import Step, answered, ask, awaited, scripted

NOON = 1_800_000_000.0
USED = st.lists(st.tuples(st.integers(0, 90_000), st.integers(0, 500), st.integers(0, 700)), max_size=60)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@example([(0, 0, 0), (1505, 500, 500), (70, 500, 500), (70, 500, 500), (70, 500, 500), (86_100, 500, 500)])
@given(USED)
def test_no_window_ever_holds_more_than_its_budget(calls: list[tuple[int, int, int]]) -> None:
    clock = Clock()
    ledger = Ledger(Budgets(user=Allowance(tokens_per_minute=500, tokens_per_day=2000)), clock=clock)
    used: list[tuple[float, int]] = []
    for pause, most, actual in calls:
        clock.now += pause
        try:
            reservation = ledger.reserve(ask(), most, 0)
        except QuotaError:
            continue
        spent = min(actual, most)
        used.append((clock.now, spent))
        ledger.settle(reservation, Usage(prompt_tokens=spent))
        for seconds, limit in ((60, 500), (86_400, 2000)):
            assert sum(tokens for at, tokens in used if at > clock.now - seconds) <= limit


@given(USED)
def test_what_is_said_about_when_it_is_free_again_is_true(calls: list[tuple[int, int, int]]) -> None:
    clock = Clock()
    ledger = Ledger(Budgets(workspace=Allowance(tokens_per_day=1000)), clock=clock)
    for pause, most, _ in calls:
        clock.now += pause
        try:
            ledger.settle(ledger.reserve(ask(), most, 0), Usage(prompt_tokens=most))
        except QuotaError:
            account = ledger._accounts["workspace", ""]
            over = ledger.used("workspace")["tokens_per_day"] + most - 1000
            clock.now = account.free_at("day", 0, over)
            ledger.check(ask(), most, 0)


def test_a_sentence_says_what_is_used_and_when_it_is_free_again() -> None:
    clock = Clock()
    ledger = Ledger(Budgets(user=Allowance(tokens_per_minute=1000)), clock=clock)
    ledger.settle(ledger.reserve(ask(), 900, 0), Usage(prompt_tokens=700, completion_tokens=100))
    clock.now += 20
    with pytest.raises(QuotaError) as caught:
        ledger.reserve(ask(), 300, 0)
    assert "used 800 of 1,000 tokens" in caught.value.message
    assert "in 41 s" in caught.value.hint
    ledger.check(ask(user="bob"), 300, 0)
    with pytest.raises(QuotaError) as caught:
        ledger.reserve(ask(user="bob"), 5000, 0)
    assert "Ask for less" in caught.value.hint


def test_a_hundred_requests_at_once_cannot_exceed_a_budget_together() -> None:
    async def run() -> None:
        async with scripted(*[Step(usage=(50, 50))] * 200) as server:
            budgets = Budgets(workspace=Allowance(tokens_per_day=1000))
            router = Router([server.endpoint(answer=90)], budgets=budgets)
            every = await asyncio.gather(
                *(answered(router, ask(user=f"p{n}")) for n in range(100)), return_exceptions=True
            )
            refused = [one for one in every if isinstance(one, QuotaError)]
            assert len(server.requests) == 100 - len(refused) == 10
            assert router.ledger.used("workspace")["tokens_per_day"] == 1000
            assert router.ledger.used("user", "p0")["tokens_per_day"] == 100

    awaited(run())


def test_when_the_money_is_used_up_a_model_that_costs_nothing_is_asked() -> None:
    async def run() -> None:
        async with scripted(Step("dear", usage=(100, 900))) as dear, scripted(Step("free")) as free:
            budgets = Budgets(panel=Allowance(cost_per_day=0.02))
            router = Router([dear.endpoint("dear", price_out=20, answer=950), free.endpoint("free")], budgets=budgets)
            assert (await answered(router, ask(panel="sales")))[-1].endpoint == "dear"
            assert (await answered(router, ask(panel="sales")))[-1].endpoint == "free"
            with pytest.raises(QuotaError, match=r"The panel 'sales' has spent 0\.018 of 0\.02 on"):
                await answered(router, ask(panel="sales"), skip=frozenset({"free"}))
            assert (await answered(router, ask(panel="other")))[-1].endpoint == "dear"

    awaited(run())


def test_only_what_was_answered_is_charged() -> None:
    async def run() -> None:
        async with scripted(Step(status=400), Step("half an answer", cut_after=2), Step(usage=(10, 5))) as server:
            router = Router([server.endpoint(), server.endpoint("two"), server.endpoint("three")])
            await answered(router, ask("x" * 250))
            # Nothing for what was refused, an estimate of what came for what broke off, and what was reported.
            assert router.ledger.used("user", "ann")["tokens_per_day"] == 0 + (104 + 4) + 15

    awaited(run())


def test_a_day_survives_a_restart() -> None:
    clock = Clock()
    kept: list[dict[str, object]] = []
    budgets = Budgets(user=Allowance(tokens_per_day=100))
    ledger = Ledger(budgets, clock=clock, changed=lambda: kept.append(ledger.snapshot()))
    ledger.settle(ledger.reserve(ask(), 90, 0), Usage(prompt_tokens=90, cost=0.5))
    after = Ledger(budgets, clock=clock)
    after.restore(kept[-1])
    assert after.used("user", "ann") == ledger.used("user", "ann") | {"tokens_per_minute": 0, "cost_per_minute": 0}
    with pytest.raises(QuotaError):
        after.reserve(ask(), 20, 0)
    clock.now += 2 * 86_400
    assert after.snapshot()["accounts"] == []
    with pytest.raises(RequestError):
        after.restore({"version": 2})


@pytest.mark.parametrize(
    "wrong",
    [
        {"who": {}},
        {"user": 5},
        {"user": {"tokens_per_day": "many"}},
        {"user": {"cost": 1}},
        {"panel": {"cost_per_day": -1.0}},
    ],
)
def test_budgets_that_cannot_be_understood_are_refused_in_a_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="ai_budgets cannot be understood"):
        Budgets.of(wrong)
