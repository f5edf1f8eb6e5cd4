"""Counting tokens without the network."""

from __future__ import annotations

import socket

import pytest

from nexus_jupyter.ai import Router
from nexus_jupyter.ai.tokens import Tokens
from nexus_jupyter.protocol.ai import Message
from tests.ai.scripted import Step, answered, ask, awaited, scripted


def test_the_estimate_follows_what_an_endpoint_reports() -> None:
    async def run() -> None:
        text = "word " * 1000
        async with scripted(*[Step(usage=(1250, 5))] * 12) as server:
            router = Router([server.endpoint()])
            assert router.count(text) == 2000
            for _ in range(12):
                await answered(router, ask(text))
            assert router.count(text) == pytest.approx(1250 * 1.05, rel=0.02)
            assert router.count(text, "another model") == 2000

    awaited(run())


def test_a_report_that_cannot_be_is_not_believed() -> None:
    tokens = Tokens()
    messages = [Message(role="user", content="x" * 10_000)]
    for reported in (0, 3, 10**9, -5):
        tokens.learn("m", messages, reported)
    assert tokens.count("x" * 10_000, "m") == 4000


def test_models_of_openai_are_counted_exactly_and_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bpe_openai")

    def offline(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", offline)
    tokens = Tokens()
    tokens.load()
    assert tokens.count("hello world", "gpt-4o-mini") == 2
    assert tokens.count("<|endoftext|>", "gpt-5") > 1, "what people write is text, whatever it looks like"
    assert tokens.count("hello world", "llama3") == 5
    assert tokens.count("", "gpt-5") == 0
