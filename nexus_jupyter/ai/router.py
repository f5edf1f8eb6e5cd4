"""Who is asked: the endpoints of a task in their order, and the next one when one fails."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from importlib.util import find_spec
from pathlib import Path

from nexus_jupyter.ai.attempt import Attempts, Served
from nexus_jupyter.ai.budgets import Budgets, Ledger
from nexus_jupyter.ai.calling import Caller
from nexus_jupyter.ai.endpoints import UNCONFIGURED, endpoints_from_environment, endpoints_of, resolved_key, verified
from nexus_jupyter.ai.failures import CallFailed, ContextOverflow, Failure
from nexus_jupyter.ai.metering import Meter
from nexus_jupyter.ai.queue import FairQueue
from nexus_jupyter.ai.tokens import Tokens
from nexus_jupyter.ai.transcripts import Transcript, Transcripts
from nexus_jupyter.protocol.ai import (
    AssistantInfo,
    Endpoint,
    ModelEvent,
    ModelFinished,
    ModelInfo,
    ModelRequest,
    ModelRestarted,
    ModelText,
    Task,
)
from nexus_jupyter.protocol.errors import ModelError, NexusError, QuotaError, UnavailableError

__all__ = ["Router"]

#: Rounds through the endpoints of a request, seconds before the second, and the most to wait for one.
_ROUNDS, _PAUSE, _PATIENCE = 3, 0.25, 20.0
#: Seconds that a timer may be early.
_SLACK = 0.01
#: The context that is planned with where there is no endpoint, as when transcripts are replayed.
_WINDOW = 32_000
#: A prompt is refused unsent when even this part of its estimate is too long: estimates are rather high.
_SURE = 0.5


class Router:
    """Asks language models.

    Parameters
    ----------
    endpoints
        In the order of preference; each says which tasks it is for.
    budgets
        What people, panels and the workspace may use.
    transcripts
        Answers in files. A folder, or one that does not record, is looked into first, and needs no endpoint.
    queue
        Places for calls at the same time.
    clock
        Seconds since 1970, for budgets.

    Raises
    ------
    RequestError
        If two endpoints have one name, or an address is none.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        budgets: Budgets | None = None,
        transcripts: Transcripts | str | Path | None = None,
        queue: FairQueue | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._served = {endpoint.name: Served(endpoint, Caller(endpoint)) for endpoint in verified(endpoints)}
        self._queue = queue or FairQueue()
        self._tokens = Tokens()
        self._transcripts = Transcripts(transcripts) if isinstance(transcripts, str | Path) else transcripts
        #: What was used so far.
        self.ledger = Ledger(budgets, clock=clock)
        self._attempts = Attempts(self.ledger, self._tokens)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Router:
        """Return a router of the endpoints that environment variables name; see `endpoints_from_environment`."""
        return cls.configured_by(environ=environ)

    @classmethod
    def configured_by(
        cls,
        endpoints: Sequence[Mapping[str, object]] = (),
        *,
        budgets: Mapping[str, Mapping[str, float]] | None = None,
        transcripts: str = "",
        environ: Mapping[str, str] = os.environ,
    ) -> Router:
        """Return a router as an owner describes it; what is left out comes from the environment.

        With ``NEXUS_AI_RECORD=1`` the folder of transcripts is not looked into: what models answer is kept there.

        Raises
        ------
        RequestError
            If an endpoint or a budget cannot be understood.
        """
        found = endpoints_of(endpoints) if endpoints else endpoints_from_environment(environ)
        folder = transcripts or environ.get("NEXUS_AI_TRANSCRIPTS", "")
        answers = Transcripts(folder, record=environ.get("NEXUS_AI_RECORD", "") == "1") if folder else None
        return cls(found, budgets=Budgets.of(budgets or {}), transcripts=answers)

    @property
    def configured(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self._served) or self._replaying is not None

    def follow(self, meter: Meter) -> None:
        """Tell somebody of each call, without any text."""
        self._attempts.meter = meter

    def info(self) -> AssistantInfo:
        """Return which models may be asked, without addresses and keys."""
        models = [
            ModelInfo(
                endpoint=one.name,
                model=one.model,
                tasks=one.tasks,
                window=one.window,
                price_in=one.price_in,
                price_out=one.price_out,
            )
            for one in (served.endpoint for served in self._served.values())
        ]
        return AssistantInfo(configured=self.configured, models=models, hint="" if self.configured else UNCONFIGURED)

    def count(self, text: str, model: str | None = None) -> int:
        """Return the tokens of a text, for a model or for the one that needs most."""
        models = {served.endpoint.model for served in self._served.values()} if model is None else {model}
        return max(self._tokens.count(text, name) for name in models or {""})

    def window(self, task: Task) -> int:
        """Return the smallest context, in tokens, of those who may be asked; answers need some of it."""
        return min((served.window for served in self._of_task(task)), default=_WINDOW)

    def reject(self, endpoint: str, why: str) -> None:
        """Note that what an endpoint answered was of no use; one that does so again and again rests for a while."""
        if (served := self._served.get(endpoint)) is not None:
            served.breaker.rejected(f"'{endpoint}' gave answers that were of no use: {why}")

    def afford(self, request: ModelRequest) -> None:
        """Raise `QuotaError` if the budgets allow no one to be asked; a recorded answer costs nothing."""
        if self._replaying is None or self._replaying.find(request) is None:
            self._attempts.check([served.endpoint for served in self._of_task(request.task)], request)

    async def stream(self, request: ModelRequest, *, skip: frozenset[str] = frozenset()) -> AsyncGenerator[ModelEvent]:
        """Yield the answer as it comes; closing the generator ends the call.

        Parameters
        ----------
        skip
            Names of endpoints that are not asked, since their answer was of no use.

        Raises
        ------
        UnavailableError
            If there is no model to ask, or the package for it is missing.
        ContextOverflow
            If the request is more than any of the models takes.
        QuotaError
            If a budget does not allow it, or too many wait.
        ModelError
            If nobody gave a whole answer.
        """
        if (known := self._known(request, skip)) is not None:
            replaying, transcript = known
            async with aclosing(replaying.replay(transcript)) as replayed:
                async for event in replayed:
                    yield event
            return
        candidates = self._candidates(request, skip)
        self._attempts.check([served.endpoint for served in candidates], request)
        course = _Search(self._attempts, candidates, request)
        asked, pieces = time.perf_counter(), list[str]()
        async with self._queue.place(request.user), aclosing(course.events(asked)) as events:
            async for event in events:
                if isinstance(event, ModelText):
                    pieces.append(event.text)
                elif isinstance(event, ModelRestarted):
                    pieces.clear()
                elif isinstance(event, ModelFinished):
                    self._keep(request, pieces, event)
                yield event

    async def warm(self) -> None:
        """Load the SDK, which takes half a second, so that the first request need not."""
        if find_spec("openai") is not None:
            await asyncio.gather(*(served.caller.warm() for served in self._served.values()))

    async def aclose(self) -> None:
        """Close all connections."""
        for served in self._served.values():
            await served.caller.aclose()

    @property
    def _replaying(self) -> Transcripts | None:
        return None if self._transcripts is None or self._transcripts.recording else self._transcripts

    def _known(self, request: ModelRequest, skip: frozenset[str]) -> tuple[Transcripts, Transcript] | None:
        if (replaying := self._replaying) is None:
            return None
        transcript = replaying.find(request)
        if transcript is not None and transcript.endpoint not in skip:
            return replaying, transcript
        if not self._served:
            raise ModelError("There is no recorded answer to that.", hint=UNCONFIGURED)
        return None

    def _keep(self, request: ModelRequest, pieces: list[str], finished: ModelFinished) -> None:
        if self._transcripts is None or not self._transcripts.recording:
            return
        keys = []
        for served in self._served.values():
            with suppress(UnavailableError):
                keys.append(resolved_key(served.endpoint))
        self._transcripts.keep(request, pieces, finished, secrets=[key for key in keys if key])

    def _of_task(self, task: Task) -> list[Served]:
        return [served for served in self._served.values() if task in served.endpoint.tasks]

    def _candidates(self, request: ModelRequest, skip: frozenset[str]) -> list[Served]:
        if not self._served:
            raise UnavailableError(UNCONFIGURED)
        if find_spec("openai") is None:
            raise UnavailableError(
                "Asking a language model needs the package openai.", hint="Run: pip install 'nexus-jupyter[ai]'"
            )
        for_task = self._of_task(request.task)
        if not for_task:
            raise UnavailableError(
                f"None of the configured language models is for the task '{request.task}'.",
                hint="Add it to `tasks` of an endpoint.",
            )
        candidates = [served for served in for_task if served.endpoint.name not in skip]
        if not candidates:
            raise ModelError(
                "There is no further language model to ask.", hint="Say it in other words, or configure another model."
            )
        fitting = [served for served in candidates if self._fits(served, request)]
        if not fitting:
            window = max(served.window for served in candidates)
            raise ContextOverflow(
                f"The request is longer than the {window:,} tokens that a model takes.", limit=window,
                hint="Ask about less at once.",
            )  # fmt: skip
        return fitting

    def _fits(self, served: Served, request: ModelRequest) -> bool:
        prompt = self._tokens.of_messages(request.messages, served.endpoint.model)
        return prompt * _SURE < served.window


class _Search:
    """The way of one request through the endpoints until one of them answers."""

    def __init__(self, attempts: Attempts, candidates: list[Served], request: ModelRequest) -> None:
        self._attempts, self._candidates, self._request = attempts, candidates, request
        self._made = 0
        self._failures: dict[str, Failure] = {}
        self._refused: QuotaError | None = None

    async def events(self, asked: float) -> AsyncGenerator[ModelEvent]:
        waited = time.perf_counter() - asked
        candidates = self._candidates
        for number in range(_ROUNDS):
            for position, served in enumerate(candidates):
                if not served.breaker.enter():
                    continue
                self._made += 1
                self._failures.pop(served.endpoint.name, None)
                try:
                    made = self._attempts.make(served, self._request, attempt=self._made, waited=waited)
                    async with aclosing(made) as events:
                        async for event in events:
                            yield event
                except QuotaError as error:
                    served.breaker.left()
                    self._refused = error
                    continue
                except CallFailed as error:
                    failure = error.failure
                else:
                    return
                self._failures[served.endpoint.name] = failure
                if any(other.breaker.wait == 0 for other in candidates[position + 1 :]):
                    yield ModelRestarted(endpoint=served.endpoint.name, why=failure.why)
            candidates = [served for served in candidates if self._may_again(served)]
            pause = min((max(_PAUSE * 2**number, served.breaker.wait) for served in candidates), default=_PATIENCE + 1)
            if pause > _PATIENCE or number == _ROUNDS - 1:
                break
            yield ModelRestarted(endpoint=candidates[0].endpoint.name, why=candidates[0].breaker.why)
            await asyncio.sleep(pause + _SLACK)
        raise self._error()

    def _may_again(self, served: Served) -> bool:
        failure = self._failures.get(served.endpoint.name)
        again = failure.passing if failure is not None else served.breaker.resting
        return again and served.breaker.wait <= _PATIENCE

    def _error(self) -> NexusError:
        failures = list(self._failures.values())
        overflows = [failure for failure in failures if failure.kind == "overflow"]
        if overflows:
            limit = max(failure.limit or 0 for failure in overflows) or None
            return ContextOverflow(overflows[-1].why, limit=limit, hint="Ask about less at once.")
        if self._refused is not None and not failures:
            return self._refused
        if not failures:
            resting = min(self._candidates, key=lambda served: served.breaker.wait)
            wait = resting.breaker.wait
            when = f"It is asked again in {wait:.0f} s." if wait < float("inf") else "It is being tried just now."
            return ModelError(f"No language model can be asked at the moment. {resting.breaker.why}", hint=when)
        words = " ".join(failure.why for failure in failures)
        if len(failures) == 1 and len(self._candidates) == 1:
            return ModelError(words, hint=_advice(failures[0]))
        return ModelError(f"None of the language models answered. {words}", hint=_advice(failures[-1]))


def _advice(failure: Failure) -> str:
    match failure.kind:
        case "key":
            return "Check the key, which is read anew at each call."
        case "not-found":
            return "Check the endpoint's address, which usually ends in /v1, and the model's name."
        case "network":
            return "Check that the server runs, and its address."
        case "late" | "stalled":
            return "Ask again, ask for less, or give the endpoint more time."
        case "length":
            return "Ask for less at once, or allow longer answers with `answer` of the endpoint."
        case "redirect":
            return "Give the address that it redirects to, if you trust it."
        case _:
            return "Ask again later, or configure another model."
