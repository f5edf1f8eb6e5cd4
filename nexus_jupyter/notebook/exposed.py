"""Functions of this process that panels may call."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import reprlib
import threading
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, TypeVar, get_type_hints

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from nexus_jupyter.arrow import tabular
from nexus_jupyter.notebook.values import as_json, words_of
from nexus_jupyter.protocol.base import JsonValue, well_formed
from nexus_jupyter.protocol.errors import FrameError, NexusError, RequestError
from nexus_jupyter.protocol.function import ExposedFunction, ExposedParameter

__all__ = ["ExposedFunctions", "current_call"]

T = TypeVar("T")
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
        self._functions: dict[str, tuple[ExposedFunction, TypeAdapter[Any]]] = {}
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
            If it has parameters that cannot be given by name, or of types that JSON has not.
        """
        signature = inspect.signature(function)
        for parameter in signature.parameters.values():
            if parameter.kind in _POSITIONAL:
                raise RequestError(f"'{name}' takes '{parameter}', which panels cannot give: they give all by name.")
        takes = _taking(function, name, signature)
        described = ExposedFunction(
            name=name,
            doc=well_formed(inspect.getdoc(function) or ""),
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
        self._functions[name] = (described, takes)
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

        The future gets JSON or, if a table is wanted, an Arrow table; what cannot be delivered is an error in it. A
        call that is cancelled before is not made.
        """
        future: Future[Any] = Future()
        with self._changed:
            self._calls.append(lambda: self._do(name, args, future, table=table))
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

    def _do(self, name: str, args: dict[str, JsonValue], future: Future[Any], *, table: bool) -> None:
        if not future.set_running_or_notify_cancel():
            return
        token = _call.set(f"call-{uuid.uuid4().hex}")
        try:
            self._serve(name, args, future, table=table)
        finally:
            _call.reset(token)

    def _serve(self, name: str, args: dict[str, JsonValue], future: Future[Any], *, table: bool) -> None:
        try:
            result = self._functions[name][1].validate_json(json.dumps(args))
        except BaseException as error:  # noqa: BLE001 - told to the panel that called
            future.set_exception(_told(name, error))
            return
        if not inspect.isawaitable(result):
            _settle(name, result, future, table=table)
        elif self._draining and self._loop is not None:
            self._loop.create_task(_await(name, result, future, table=table))
        else:
            # Whoever is here blocks its loop, if it has one: the coroutine gets one of its own.
            run = contextvars.copy_context().run
            waiting = _await(name, result, future, table=table)
            threading.Thread(target=run, args=(asyncio.run, waiting), daemon=True).start()


def _taking(function: Callable[..., Any], name: str, signature: inspect.Signature) -> TypeAdapter[Any]:
    """Return what checks arguments and calls a function with them.

    They are checked as JSON has them: dates are texts there, and only there. What is no number is not made one.
    """
    stated = {one.name: one.annotation for one in signature.parameters.values() if one.annotation is not one.empty}
    scope = getattr(inspect.unwrap(function), "__globals__", {})

    def call(*args: Any, **named: Any) -> Any:  # Any: the function's own
        return function(*args, **named)

    try:
        # What it returns is nobody's business here, and its name may be one for type checkers only.
        types = get_type_hints(SimpleNamespace(__annotations__=stated), scope, include_extras=True)
        parameters = [
            one.replace(annotation=types.get(one.name, one.annotation)) for one in signature.parameters.values()
        ]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # as inspect looks for it
        call.__annotations__ = types
        form: Any = call  # Any: that TypeAdapter takes functions is told by its documentation only
        return TypeAdapter(form, config=ConfigDict(strict=True))
    except (PydanticUserError, NameError, TypeError) as error:
        raise RequestError(
            f"'{name}' has a parameter of a type that panels cannot give: {str(error).splitlines()[0]}.",
            hint="Annotate it with a type of JSON, such as list[dict], and convert it within the function.",
        ) from error


async def _await(name: str, result: Any, future: Future[Any], *, table: bool) -> None:  # Any: what people return
    try:
        value = await result
    except BaseException as error:  # noqa: BLE001 - told to the panel that called
        future.set_exception(_told(name, error))
    else:
        _settle(name, value, future, table=table)


def _settle(name: str, value: object, future: Future[Any], *, table: bool) -> None:
    """Give a future what a function returned, or the sentence that refuses it. Whatever it is, the thread lives on."""
    try:
        found = tabular(name, value) if table else as_json(value, f"The result of '{name}'", digits=True)
    except FrameError as error:
        what = f"'{name}' returned a {type(value).__name__}, but a table is wanted: {error.message}"
        future.set_exception(RequestError(what, hint="Return a DataFrame, an Arrow table, or a list of dicts."))
    except NexusError as error:
        future.set_exception(error)
    except BaseException as error:  # noqa: BLE001 - told to the panel that called
        future.set_exception(RequestError(f"The result of '{name}' cannot be read: {words_of(error)}."))
    else:
        future.set_result(found)


def _told(name: str, error: BaseException) -> Exception:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        given = "" if first["type"] == "missing_argument" else f", not {reprlib.repr(first['input'])}"
        return RequestError(f"'{name}' cannot take {where}: {first['msg']}{given}.")
    return RequestError(f"'{name}' raised {words_of(error)}")


def _spelled(annotation: object) -> str:
    if annotation is inspect.Parameter.empty:
        return "Any"
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
