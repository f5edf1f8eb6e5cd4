"""Values and rows of a panel, for those who ask from outside of a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from nexus_jupyter.protocol.api import ValuesInfo
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.panel import Build

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["panel_rows", "panel_values"]

T = TypeVar("T")


def panel_rows(kernel: WorkspaceKernel, name: str, query: str, user: str) -> Future[pa.Table]:
    """Return all rows of a query or frame, once the notebook has given those that come from a function.

    States of scope ``view`` have their defaults.

    Raises
    ------
    FrameError
        If there is no such query, its frame is not bound, or it does not fit the frame; some of that by the future.
    PermissionDeniedError, NotFoundError
        As `FrameCalls.ensure`.
    """
    state, build = kernel.links.state(name, user), kernel.build(name)
    waiting = kernel.await_rows(name, query, state)

    def found() -> pa.Table:
        if waiting is not None:
            waiting.result()
        with kernel.graphs.turn(name):
            if waiting is None:
                kernel.await_rows(name, query, state)
            return kernel.frames.rows(build, query, state)

    return _after(kernel, [waiting] if waiting is not None else [], found)


def panel_values(kernel: WorkspaceKernel, name: str, user: str) -> Future[ValuesInfo]:
    """Return states, links and computed values of a panel, as one person has them.

    States of scope ``view`` have their defaults where computed values read them. A value that is computed from rows
    that are not there is left out, and ``problems`` says why.
    """
    view, state = kernel.panel(name, user), kernel.links.state(name, user)
    build = kernel.build(name)
    above = {frame.name: _above(build, f"frame.{frame.name}") for frame in build.frames}
    lacking: dict[str, str] = {}
    calls: dict[str, Future[None]] = {}
    for frame in (frame for frame, readers in above.items() if readers):
        try:
            call = kernel.await_rows(name, frame, state)
        except NexusError as error:
            lacking[frame] = str(error)
        else:
            calls |= {frame: call} if call is not None else {}

    def found() -> ValuesInfo:
        with kernel.graphs.turn(name):
            for frame in (frame for frame, readers in above.items() if readers and frame not in lacking):
                lacking[frame] = _lacking(kernel, name, build, frame, state, call=calls.get(frame))
            worked = kernel.renderer.worked(view.nxml, "computed", state)
        problems = {one: why for frame, why in lacking.items() if why for one in above[frame]} | worked.problems
        kept = {key: value for key, value in state.items() if key not in view.view}
        made = {key: value for key, value in worked.values.items() if key not in problems}
        return ValuesInfo(present={**kept, **made}, problems=problems, page=sorted(view.view))

    return _after(kernel, list(calls.values()), found)


def _after(kernel: WorkspaceKernel, waiting: Sequence[Future[None]], task: Callable[[], T]) -> Future[T]:
    """Do a task on a thread of the workspace's, once all that it waits for is done. No thread waits meanwhile."""
    done: Future[T] = Future()

    def go_on(rest: Sequence[Future[None]]) -> None:
        if rest:
            rest[0].add_done_callback(lambda _one: go_on(rest[1:]))
        else:
            kernel.submit(finish)

    def finish() -> None:
        try:
            done.set_result(task())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            done.set_exception(error)

    go_on(waiting)
    return done


def _lacking(
    kernel: WorkspaceKernel,
    name: str,
    build: Build,
    frame: str,
    state: dict[str, JsonValue],
    *,
    call: Future[None] | None,
) -> str:
    """Return why a frame has no rows, after the call of its function if there was one; empty if it has."""
    try:
        if call is not None:
            call.result()
        else:
            kernel.await_rows(name, frame, state)
        kernel.frames.page(build, frame, state, limit=1)
    except (NexusError, CancelledError) as error:
        return str(error) or f"The rows of '{frame}' are not wanted any more."
    return ""


def _above(build: Build, node: str) -> set[str]:
    """Return the computed values that are made of something, by way of others too."""
    found, waiting = set[str](), [node]
    while waiting:
        below = waiting.pop()
        for fact in build.facts:
            if fact.relation == "derivedFrom" and fact.target == below and fact.source not in found:
                found.add(fact.source)
                waiting.append(fact.source)
    return {one.removeprefix("computed.") for one in found if one.startswith("computed.")}
