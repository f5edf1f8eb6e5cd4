"""One request to one endpoint, with everything that is kept about it: budget, breaker, usage, facts."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from nexus_jupyter.ai.breaker import Breaker
from nexus_jupyter.ai.budgets import Ledger
from nexus_jupyter.ai.calling import Caller, Ended
from nexus_jupyter.ai.failures import CallFailed, Failure
from nexus_jupyter.ai.manners import allowed
from nexus_jupyter.ai.metering import CallFact, Meter
from nexus_jupyter.ai.tokens import Tokens
from nexus_jupyter.protocol.ai import (
    Endpoint,
    ModelEvent,
    ModelFinished,
    ModelRequest,
    ModelStarted,
    ModelText,
    Usage,
)
from nexus_jupyter.protocol.errors import QuotaError

__all__ = ["Attempts", "Served"]

_log = logging.getLogger(__name__)
#: Tokens of the smallest context that an endpoint can be configured with.
_LEAST_WINDOW = 512


@dataclass(slots=True)
class Served:
    """An endpoint with what is known about it; ``limit`` is the context that it turned out to have."""

    endpoint: Endpoint
    caller: Caller
    breaker: Breaker = field(default_factory=Breaker)
    limit: int | None = None

    @property
    def window(self) -> int:
        """Tokens of its context."""
        return min(self.endpoint.window, self.limit or self.endpoint.window)


class Attempts:
    """Makes calls and keeps their books."""

    def __init__(self, ledger: Ledger, tokens: Tokens) -> None:
        self._ledger, self._tokens = ledger, tokens
        #: Is told of each call, if there is one.
        self.meter: Meter | None = None
        self._numbers = itertools.count(1)

    def most(self, endpoint: Endpoint, request: ModelRequest) -> Usage:
        """Return what a call may use at most, by estimate."""
        prompt = self._tokens.of_messages(request.messages, endpoint.model)
        return _usage(endpoint, prompt, allowed(endpoint, request), estimated=True)

    def check(self, endpoints: Sequence[Endpoint], request: ModelRequest) -> None:
        """Raise `QuotaError` if the budgets allow none of the endpoints."""
        refused = None
        for endpoint in endpoints:
            most = self.most(endpoint, request)
            try:
                self._ledger.check(request, most.prompt_tokens + most.completion_tokens, most.cost)
            except QuotaError as error:
                refused = error
            else:
                return
        if refused is not None:
            raise refused

    async def make(
        self, served: Served, request: ModelRequest, *, attempt: int, waited: float
    ) -> AsyncGenerator[ModelEvent]:
        """Yield what an endpoint answers.

        Raises
        ------
        CallFailed
            If it does not answer well.
        QuotaError
            If the budget does not allow the call.
        """
        endpoint = served.endpoint
        most = self.most(endpoint, request)
        reservation = self._ledger.reserve(request, most.prompt_tokens + most.completion_tokens, most.cost)
        fact = CallFact(
            "started", next(self._numbers), endpoint.name, endpoint.model, request.task, request.user, request.panel,
            attempt, waited,
        )  # fmt: skip
        self._tell(fact)
        course = _Course(endpoint, request, most.prompt_tokens, self._tokens)
        fact = replace(fact, kind="cancelled", outcome="cancelled")
        try:
            async with aclosing(course.events(served.caller, attempt)) as events:
                async for event in events:
                    yield event
            served.breaker.succeeded()
            assert course.ended is not None
            if course.ended.prompt_tokens is not None:
                self._tokens.learn(endpoint.model, request.messages, course.ended.prompt_tokens)
            fact = replace(fact, kind="finished", outcome="cut" if course.ended.cut else "ok")
        except CallFailed as error:
            _note(served, error.failure)
            fact = replace(fact, kind="failed", outcome=error.failure.kind)
            raise
        finally:
            if fact.kind == "cancelled":
                served.breaker.left()
            usage = course.usage()
            self._ledger.settle(reservation, usage)
            seconds = time.perf_counter() - course.began
            self._tell(replace(fact, usage=usage, first=course.first, seconds=seconds))

    def _tell(self, fact: CallFact) -> None:
        if self.meter is None:
            return
        try:
            self.meter(fact)
        except Exception:  # noqa: BLE001 - who watches must not break what is watched
            _log.exception("The meter of language models failed.")


def _note(served: Served, failure: Failure) -> None:
    # A server that says it takes next to nothing is not believed: nothing would be sent to it again.
    if failure.kind == "overflow" and failure.limit is not None and failure.limit >= _LEAST_WINDOW:
        served.limit = failure.limit
    if failure.rest is not None:
        served.breaker.rest(failure.rest, failure.why)
    elif failure.breaking:
        served.breaker.failed(failure.why, fatal=failure.fatal)
    else:
        served.breaker.left()


class _Course:
    """What has come of a call so far."""

    def __init__(self, endpoint: Endpoint, request: ModelRequest, prompt: int, tokens: Tokens) -> None:
        self._endpoint, self._request, self._prompt, self._tokens = endpoint, request, prompt, tokens
        self._parts: list[str] = []
        self.began = time.perf_counter()
        self.first: float | None = None
        self.ended: Ended | None = None

    async def events(self, caller: Caller, attempt: int) -> AsyncGenerator[ModelEvent]:
        endpoint = self._endpoint
        async with aclosing(caller.call(self._request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Ended):
                    self.ended = piece
                    continue
                self._parts.append(piece)
                if self.first is None:
                    self.first = time.perf_counter() - self.began
                    yield ModelStarted(endpoint=endpoint.name, model=endpoint.model, attempt=attempt)
                yield ModelText(text=piece)
        assert self.ended is not None
        yield ModelFinished(
            text="".join(self._parts),
            endpoint=endpoint.name,
            model=endpoint.model,
            usage=self.usage(),
            first=self.first or 0.0,
            seconds=time.perf_counter() - self.began,
            cut=self.ended.cut,
        )

    def usage(self) -> Usage:
        """Return what was used; a call that brought nothing used nothing."""
        ended = self.ended
        if ended is not None and ended.prompt_tokens is not None and ended.completion_tokens is not None:
            return _usage(self._endpoint, ended.prompt_tokens, ended.completion_tokens)
        if self.first is None:
            return Usage()
        answer = self._tokens.count("".join(self._parts), self._endpoint.model)
        return _usage(self._endpoint, self._prompt, answer, estimated=True)


def _usage(endpoint: Endpoint, prompt: int, completion: int, *, estimated: bool = False) -> Usage:
    cost = (prompt * endpoint.price_in + completion * endpoint.price_out) / 1e6
    return Usage(prompt_tokens=prompt, completion_tokens=completion, cost=cost, estimated=estimated)
