"""Functions of this process that panels may call."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError, validate_call
from pydantic_core import PydanticSerializationError, to_jsonable_python

from nexus_jupyter.arrow import readable_table
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.function import ExposedFunction, ExposedParameter

__all__ = ["ExposedFunctions", "current_call"]

T = TypeVar("T")
#: Gives a future what a function returned, in the form that is wanted.
Settle = Callable[[str, object, "Future[Any]"], None]
_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
#: The call that the code here works for; what it sets meanwhile is one step of undo.
_call = contextvars.ContextVar[str | None]("nexus_call", default=None)
_POSITIONAL = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL}


def current_call() -> str | None:
    """Return the id of the call of an exposed function that is being served, ``None`` outside of one."""
    return _call.get()


class ExposedFunctions:
    """Exposed functions, called where the notebook's own code runs.

    In a notebook that is the kernel's event loop: a call waits until no cell runs. In a script without one, calls run
    in a thread of their own. A caller that blocks in `serve` serves calls meanwhile.
    """

    def __init__(self) -> None:
        self._functions: dict[str, tuple[ExposedFunction, Callable[..., Any]]] = {}
        self._calls = deque[Callable[[], None]]()
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: threading.Thread | None = None
        #: Whether calls are made by the loop itself, which can then wait for coroutines.
        self._draining = False

    def add(self, function: Callable[..., Any], name: str) -> None:
        """Expose a function.

        Raises
        ------
        RequestError
            If it has parameters that cannot be given by name.
        """
        signature = inspect.signature(function)
        for parameter in signature.parameters.values():
            if parameter.kind in _POSITIONAL:
                raise RequestError(f"'{name}' takes '{parameter}', which panels cannot give: they give all by name.")
        described = ExposedFunction(
            name=name,
            doc=inspect.getdoc(function) or "",
            params=[
                ExposedParameter(
                    name=parameter.name,
                    type=_spelled(parameter.annotation),
                    required=parameter.default is inspect.Parameter.empty,
                )
                for parameter in signature.parameters.values()
                if parameter.kind is not inspect.Parameter.VAR_KEYWORD
            ],
            returns=_spelled(signature.return_annotation),
        )
        self._functions[name] = (described, validate_call(function))
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            if self._loop is None:
                self._serve_in_thread()

    def described(self) -> list[ExposedFunction]:
        """Return what is exposed."""
        return [described for described, _ in self._functions.values()]

    def call(self, name: str, args: dict[str, JsonValue], *, table: bool = False) -> Future[Any]:
        """Call a function with arguments by name, from any thread, once this process has time for it.

        The future gets JSON, or, if a table is wanted, an Arrow table. One that is cancelled before is not called.
        """
        future: Future[Any] = Future()
        settle = _settle_table if table else _settle
        with self._changed:
            self._calls.append(lambda: self._do(name, args, future, settle))
            self._changed.notify_all()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._drain)
        else:
            self._serve_in_thread()
        return future

    def serve(self, until: Future[T]) -> T:
        """Serve calls on this thread until a future is done, and return its result."""
        until.add_done_callback(self._wake)
        while (call := self._next(until.done)) is not None:
            call()
        return until.result()

    def _wake(self, _done: object) -> None:
        with self._changed:
            self._changed.notify_all()

    def _next(self, over: Callable[[], bool]) -> Callable[[], None] | None:
        """Wait for a call; ``None`` when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._calls or over())
            return self._calls.popleft() if self._calls else None

    def _drain(self) -> None:
        self._draining = True
        try:
            while (call := self._next(lambda: True)) is not None:
                call()
        finally:
            self._draining = False

    def _serve_in_thread(self) -> None:
        if self._server is None:
            self._server = threading.Thread(target=self._serve_always, name="nexus-exposed", daemon=True)
            self._server.start()

    def _serve_always(self) -> None:
        while (call := self._next(lambda: False)) is not None:
            call()

    def _do(self, name: str, args: dict[str, JsonValue], future: Future[Any], settle: Settle) -> None:
        if not future.set_running_or_notify_cancel():
            return
        token = _call.set(f"call-{uuid.uuid4().hex}")
        try:
            self._serve(name, args, future, settle)
        finally:
            _call.reset(token)

    def _serve(self, name: str, args: dict[str, JsonValue], future: Future[Any], settle: Settle) -> None:
        try:
            result = self._functions[name][1](**args)
        except BaseException as error:  # noqa: BLE001 - told to the panel that called
            future.set_exception(_told(name, error))
            return
        if not inspect.isawaitable(result):
            settle(name, result, future)
        elif self._draining and self._loop is not None:
            self._loop.create_task(_await(name, result, future, settle))
        else:
            # Whoever is here blocks its loop, if it has one: the coroutine gets one of its own.
            run = contextvars.copy_context().run
            waiting = _await(name, result, future, settle)
            threading.Thread(target=run, args=(asyncio.run, waiting), daemon=True).start()


async def _await(name: str, result: Any, future: Future[Any], settle: Settle) -> None:  # Any: what people return
    try:
        value = await result
    except BaseException as error:  # noqa: BLE001 - told to the panel that called
        future.set_exception(_told(name, error))
    else:
        settle(name, value, future)


def _settle_table(name: str, value: object, future: Future[Any]) -> None:
    try:
        if isinstance(value, list) and all(isinstance(row, dict) for row in value):
            future.set_result(pa.Table.from_pylist(value))
        else:
            future.set_result(readable_table(pa.table(value)))
    except (pa.ArrowException, TypeError, ValueError) as error:
        future.set_exception(
            RequestError(
                f"'{name}' returned a {type(value).__name__}, but a table is wanted: {error}",
                hint="Return a DataFrame, an Arrow table, or a list of dicts.",
            )
        )


def _settle(name: str, value: object, future: Future[JsonValue]) -> None:
    try:
        future.set_result(_JSON.validate_python(to_jsonable_python(_native(value), inf_nan_mode="null")))
    except (PydanticSerializationError, ValidationError) as error:
        future.set_exception(
            RequestError(f"'{name}' returned a {type(value).__name__}, which panels cannot take: {error}")
        )


def _native(value: object) -> object:
    """Return numbers and arrays of NumPy, and tables and columns of pandas, as Python's own values."""
    for method in ("to_dict", "tolist"):
        convert = getattr(value, method, None)
        if callable(convert):
            return convert(orient="records") if type(value).__name__ == "DataFrame" else convert()
    if isinstance(value, dict):
        return {key: _native(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_native(item) for item in value]
    return value


def _told(name: str, error: BaseException) -> Exception:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return RequestError(f"'{name}' cannot take {where}: {first['msg']}.")
    return RequestError(f"'{name}' raised {type(error).__name__}: {error}")


def _spelled(annotation: object) -> str:
    if annotation is inspect.Parameter.empty:
        return "Any"
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
