"""One run: a machine, the messages between it and its host, and how it ends.

A run is a chain of steps. In each, the machine gets one message and works until it has nothing left to do; then the
run is done, or parked until the host answers what it asked. A parked run has no thread.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from nexus_jupyter.engine import EngineFailure, Machine, pack, unpack
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NexusError, PermissionDeniedError
from nexus_jupyter.protocol.run import HostCall, Profile
from nexus_jupyter.sandbox.host import Answerable, Arguments, Caller, HostLoop, Operations
from nexus_jupyter.sandbox.limits import RunLimits
from nexus_jupyter.sandbox.parking import Place

__all__ = ["Done", "Run", "Step"]

#: A run whose messages take more bytes, or that takes more steps, is not recorded.
_RECORDED = 8 << 20
_STEPS = 20_000


class _Report(BaseModel):
    """What a machine says after a step.

    The handler shares the machine with the program that reports on it, so this proves nothing: it is read for its form,
    and then checked like a stranger's request.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    requests: list[_Request]
    done: Done | None


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: int
    op: str
    args: dict[str, Any]  # Any: each operation checks its own


class Done(BaseModel):
    """What a handler returned, the states that it changed, and what it logged."""

    model_config = ConfigDict(extra="forbid", strict=True)

    value: JsonValue
    changes: dict[str, JsonValue]
    logs: list[str]


@dataclass(frozen=True, slots=True)
class Step:
    """One step, as it is recorded: the time that the machine saw, what it was told, and what it said."""

    now_ns: int
    message: bytes
    report: bytes


@dataclass(slots=True)
class _Call:
    op: str
    started: float
    work: Future[Any] | None = None  # Any: the operation's answer


@dataclass(slots=True)
class _Books:
    """What a run did, for its profile and its recording."""

    steps: list[Step] = field(default_factory=list)
    recorded_bytes: int = 0
    calls: list[HostCall] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)


class Run:
    """A run under way.

    Parameters
    ----------
    machine
        A new machine of the panel's image; the run closes it.
    submit
        Starts a function on a thread for JavaScript.
    operations
        What the host can do.
    caller
        On whose behalf.
    limits
        What the run may use.
    refresh
        Returns the panel's states as they are now; asked before each resumption.
    place
        Where the run counts; the run leaves it.
    """

    def __init__(
        self,
        machine: Machine,
        submit: Callable[[Callable[[], None]], object],
        *,
        operations: Operations,
        caller: Caller,
        limits: RunLimits,
        refresh: Callable[[], dict[str, JsonValue]],
        place: Place,
    ) -> None:
        #: Gets what the handler did, or an `EngineFailure`.
        self.future: Future[Done] = Future()
        self.books = _Books()
        self.caller = caller
        self._machine = machine
        self._submit = submit
        self._operations = operations
        self._limits = limits
        self._refresh = refresh
        self._place = place
        #: Held during a step: a machine is used by one thread at a time.
        self._stepping = threading.Lock()
        #: Guards what follows.
        self._lock = threading.Lock()
        self._calls: dict[int, _Call] = {}
        self._answers: list[JsonValue] = []
        self._scheduled = False
        self._ended = False
        self._parked = False
        self._timer: Future[Any] | None = None  # Any: of nothing
        self._final: Profile | None = None

    def begin(self, job: JsonValue) -> None:
        """Take the first step, on this thread, which must be one for JavaScript."""
        with self._stepping:
            self._step({"run": job})

    def cancel(self) -> None:
        """End the run as soon as possible; callable from any thread, at any moment."""
        self._machine.cancel()
        self._stop(EngineFailure("was cancelled", kind="cancelled"))

    @property
    def profile(self) -> Profile:
        """What the run has used so far, or in all."""
        return self._final or Profile(
            cpu_ms=round(self._machine.cpu_seconds * 1e3, 3),
            wall_ms=round((time.perf_counter() - self.books.started) * 1e3, 3),
            memory_bytes=self._machine.memory_bytes,
            host_calls=list(self.books.calls),
        )

    # Steps

    def _step(self, message: JsonValue) -> None:
        if self._ended:
            return
        try:
            report = self._exchange(message)
        except EngineFailure as failure:
            self._end(failure)
            return
        if report.done is not None:
            self._end(report.done)
            return
        try:
            self._place.weigh(self._machine.memory_bytes)
        except EngineFailure as failure:
            self._end(failure)
            return
        for request in report.requests:
            self._begin_call(request)
        with self._lock:
            waits = bool(self._calls or self._answers)
        if not waits:
            self._end(EngineFailure("waits for something that never comes", kind="threw", name="NeverError"))
        elif not self._parked:
            self._parked = True
            self._timer = HostLoop.shared().run(self._expire())

    def _exchange(self, message: JsonValue) -> _Report:
        packed, now = pack(message), time.time_ns()
        reported = b""
        try:
            reported = self._machine.exchange(packed, now_ns=now)
        finally:
            self._note(Step(now, packed, reported))
        try:
            report = _Report.model_validate(unpack(reported))
        except ValidationError as error:
            raise EngineFailure("tampered with its surroundings", kind="threw", name="TamperError") from error
        limit = self._limits.machine.output_bytes
        if report.done is not None and len(reported) > limit and len(pack(report.done.model_dump())) > limit:
            raise EngineFailure(f"The result is longer than the {limit} bytes that are allowed.", kind="output")
        return report

    def _note(self, step: Step) -> None:
        """Record a step. A run that says too much is not recorded: half of it could not be run again."""
        self.books.recorded_bytes += len(step.message) + len(step.report)
        if self.books.recorded_bytes <= _RECORDED and len(self.books.steps) < _STEPS:
            self.books.steps.append(step)
        else:
            self.books.recorded_bytes = _RECORDED + 1
            self.books.steps.clear()

    def _resume(self) -> None:
        with self._stepping:
            # Taken only now: while answers wait here, the step before this one knows that the run goes on.
            with self._lock:
                answers, self._answers = self._answers, []
                self._scheduled = False
            try:
                state = self._refresh()
            except Exception as error:  # noqa: BLE001 - whatever it is, the run cannot go on, and must end
                self._end(EngineFailure(f"could not go on: {error}", kind="threw", name="HostError"))
                return
            self._step({"answers": answers, "state": state})

    # Calls

    def _begin_call(self, request: _Request) -> None:
        with self._lock:
            known = request.id in self._calls
            too_many = len(self._calls) >= self._limits.calls_at_once or len(self.books.calls) >= self._limits.calls
            operation = self._operations.get(request.op)
            if not (known or too_many or operation is None):
                self._calls[request.id] = _Call(request.op, time.perf_counter())
        if operation is None:
            self._answer(request.id, error=("HostError", f"The host cannot do '{request.op}'."))
        elif known or too_many:
            self._answer(request.id, error=("RangeError", "Too many host calls."))
        else:
            work = HostLoop.shared().run(self._call(request.id, operation, request.args))
            with self._lock:
                if request.id in self._calls:
                    self._calls[request.id].work = work

    async def _call(self, number: int, operation: Callable[..., Any], args: Arguments) -> None:
        try:
            value: Answerable = await operation(self.caller, args)
            size = len(pack(value))  # type: ignore[arg-type] # a mapping with bytes is packed like any other
            if size > self._limits.answer_bytes:
                raise NexusError(f"The answer has {size} bytes; {self._limits.answer_bytes} are allowed.")  # noqa: TRY301 - one way out
        except PermissionDeniedError as error:
            self._answer(number, error=("PermissionError", error.message))
        except NexusError as error:
            self._answer(number, error=("HostError", str(error)))
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the handler's to catch
            self._answer(number, error=("HostError", f"{type(error).__name__}: {error}"))
        else:
            self._answer(number, value=value)

    def _answer(self, number: int, *, value: Answerable = None, error: tuple[str, str] | None = None) -> None:
        with self._lock:
            if self._ended:
                return
            call = self._calls.pop(number, None)
            if call is not None:
                spent = round((time.perf_counter() - call.started) * 1e3, 3)
                self.books.calls.append(HostCall(op=call.op, ms=spent, failed=error is not None))
            answer: dict[str, Any] = {"id": number}  # Any: JSON, and bytes
            if error is None:
                answer["value"] = value
            else:
                answer["error"] = {"name": error[0], "message": error[1]}
            self._answers.append(answer)
            if self._scheduled:
                return
            self._scheduled = True
        self._submit(self._resume)

    # The end

    async def _expire(self) -> None:
        await asyncio.sleep(max(0.0, self._limits.wall_seconds - (time.perf_counter() - self.books.started)))
        self._machine.cancel("timeout")
        self._stop(EngineFailure("waited too long", kind="timeout", name="WallClockError"))

    def _stop(self, failure: EngineFailure) -> None:
        """End a parked run; one in a step ends itself when its machine notices."""
        if self._stepping.acquire(blocking=False):
            try:
                self._end(failure)
            finally:
                self._stepping.release()

    def _end(self, outcome: Done | EngineFailure) -> None:
        with self._lock:
            if self._ended:
                return
            self._ended = True
            calls, self._calls = self._calls, {}
        if self._timer is not None:
            self._timer.cancel()
        for call in calls.values():
            if call.work is not None:
                call.work.cancel()
        for closer in self.caller.closers:
            HostLoop.shared().run(_quietly(closer))
        self._final = self.profile
        self._machine.close()
        self._place.leave()
        if isinstance(outcome, Done):
            self.future.set_result(outcome)
        else:
            self.future.set_exception(outcome)


async def _quietly(closer: Callable[[], Any]) -> None:  # Any: an awaitable
    """Close what a run left open; that it is closed already is no news."""
    with suppress(Exception):
        await closer()


_Report.model_rebuild()
