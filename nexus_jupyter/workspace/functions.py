"""Functions that notebooks expose to panels, and the way to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import pyarrow as pa

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NexusError, NotFoundError, RequestError, UnavailableError
from nexus_jupyter.protocol.function import ExposedFunction
from nexus_jupyter.protocol.stream import CallFrame, CancelCall, ServerFrame

__all__ = ["Call", "FunctionError", "Functions", "PendingCalls"]


class Call(Protocol):
    """Calls a function in its notebook. Cancelling the future tells the notebook that nobody waits any more."""

    def __call__(self, name: str, args: dict[str, JsonValue], *, table: bool = False) -> Future[Any]:
        """Call it; the future gets a table if one is asked for, else JSON."""


class FunctionError(NexusError):
    """A function of a notebook raised an error, or would not take its arguments."""


class Functions:
    """The functions exposed at this moment, by name. A later notebook that exposes the same name takes it over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[str, tuple[object, ExposedFunction, Call]] = {}

    def expose(self, owner: object, functions: Sequence[ExposedFunction], call: Call) -> None:
        """Take over what an owner exposes, in place of what it exposed before."""
        with self._lock:
            self._forget(owner)
            for function in functions:
                self._owners[function.name] = (owner, function, call)

    def forget(self, owner: object) -> None:
        """Forget an owner that has gone."""
        with self._lock:
            self._forget(owner)

    def all(self) -> list[ExposedFunction]:
        """Return what is exposed now."""
        with self._lock:
            return [function for _, function, _ in self._owners.values()]

    def call(self, name: str, args: dict[str, JsonValue]) -> Future[JsonValue]:
        """Call a function; it waits while its notebook is busy.

        Raises
        ------
        NotFoundError
            If no running notebook exposes it.
        """
        _, _, call = self._find(name)
        return call(name, args)

    def call_table(self, name: str, args: Sequence[tuple[str | None, JsonValue]]) -> Future[pa.Table]:
        """Call a function that gives a table, with arguments by position or by name; raises as `call`."""
        _, function, call = self._find(name)
        params = [parameter.name for parameter in function.params]
        given: dict[str, JsonValue] = {}
        for index, (key, value) in enumerate(args):
            if key is None and index >= len(params):
                raise RequestError(f"'{name}' takes {len(params)} arguments, not {len(args)}.")
            given[params[index] if key is None else key] = value
        return call(name, given, table=True)

    def _find(self, name: str) -> tuple[object, ExposedFunction, Call]:
        with self._lock:
            found = self._owners.get(name)
            known = ", ".join(sorted(self._owners)) or "none"
        if found is None:
            raise NotFoundError(
                f"No running notebook exposes a function '{name}'.",
                hint=f"Run the cell with ws.expose({name}). Exposed now: {known}.",
            )
        return found

    def _forget(self, owner: object) -> None:
        for name in [name for name, (other, _, _) in self._owners.items() if other is owner]:
            del self._owners[name]


class PendingCalls:
    """Calls that were sent to a notebook and wait for its answers."""

    def __init__(self, send: Callable[[ServerFrame], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._last = 0
        self._waiting: dict[int, Future[Any]] = {}

    def call(self, name: str, args: dict[str, JsonValue], *, table: bool = False) -> Future[Any]:
        """Send a call."""
        future: Future[Any] = Future()
        with self._lock:
            self._last += 1
            number = self._last
            self._waiting[number] = future
        self._send(CallFrame(call=number, function=name, args=args, table=table))
        future.add_done_callback(lambda done: self._cancel(number) if done.cancelled() else None)
        return future

    def _cancel(self, number: int) -> None:
        with self._lock:
            known = self._waiting.pop(number, None)
        if known is not None:
            self._send(CancelCall(call=number))

    def waits(self, number: int) -> bool:
        """Return whether a call is not answered yet."""
        with self._lock:
            return number in self._waiting

    def settle(self, number: int, value: Any, error: Exception | None) -> None:
        """Take an answer."""
        with self._lock:
            future = self._waiting.pop(number, None)
        if future is None or not future.set_running_or_notify_cancel():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(value)

    def abandon(self) -> None:
        """Fail what waits: the notebook has gone."""
        with self._lock:
            waiting, self._waiting = list(self._waiting.values()), {}
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_exception(UnavailableError("The notebook that was to answer has gone."))
