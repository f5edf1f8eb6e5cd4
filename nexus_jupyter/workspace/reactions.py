"""Effects: handlers of a panel that run when a change makes their condition true."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Change, Op, Origin, SetOp
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.effects import Effect, Effects
from nexus_jupyter.workspace.execution import Execution
from nexus_jupyter.workspace.panels import panel_view, personal
from nexus_jupyter.workspace.rendering import Renderer
from nexus_jupyter.workspace.writer import Head

__all__ = ["Reactions"]

#: Changes that effects look at: those of values, not of the panel's text.
_CAUSES = frozenset({"run", "set", "undo", "redo"})
#: Effects that may set each other off, one after the other.
_LONGEST = 16
_REMEMBERED = 1000


class Reactions:
    """Listens to changes and runs effects.

    Whether a condition became true is worked out from the change alone: the values after it, and those before it by
    its inverse. So it does not matter when this process began to look.

    Parameters
    ----------
    execution, reactor, renderer, effects
        Those of the workspace.
    submit
        Runs a function on a thread that may wait.
    """

    def __init__(
        self,
        execution: Execution,
        reactor: Reactor,
        renderer: Renderer,
        effects: Effects,
        submit: Callable[[Callable[[], None]], Future[None]],
    ) -> None:
        self._execution = execution
        self._reactor = reactor
        self._renderer = renderer
        self._effects = effects
        self._submit = submit
        self._lock = threading.Lock()
        self._lengths = OrderedDict[str, int]()  # run -> how many effects led to it

    def on_change(self, change: Change, head: Head) -> None:
        """Look at a change; quick, since the writer waits for it."""
        panel = change.panel
        if panel is None or change.cause.kind not in _CAUSES or panel not in head.graph:
            return
        view = panel_view(head.graph, panel, change.actor.id)
        if "<effect" not in view.nxml:
            return
        self._submit(lambda: self._react(change, view.nxml, view.state))

    def _react(self, change: Change, nxml: str, after: dict[str, JsonValue]) -> None:
        build = self._reactor.check(nxml)
        before = {**after, **_values(change.inverse, build, change.actor.id)}
        if not build.effects or before == after:
            return
        old = self._renderer.values(nxml, "effects", before)
        new = self._renderer.values(nxml, "effects", after)
        for effect in build.effects:
            value = new.get(effect.name)
            if _true(value) and value != old.get(effect.name):
                self._run(change, build, effect.name, value)

    def _run(self, change: Change, build: Build, name: str, value: JsonValue) -> None:
        length = self._lengths.get(change.cause.run or "", 0) + 1
        if length > _LONGEST:
            text = f"The effects of this panel set each other off without end; '{name}' was not run any more."
            self._tell(change, build.id, text)
            return
        run = f"{change.rev:x}-{name}"
        with self._lock:
            self._lengths[run] = length
            while len(self._lengths) > _REMEMBERED:
                self._lengths.popitem(last=False)
        started = self._execution.start(
            build.id,
            f"effect:{name}",
            [],
            change.actor,
            event=value,
            via="effect",
            run=run,
            parent=Origin(rev=change.rev, panel=change.panel, via=change.cause.via, run=change.cause.run),
        )
        started.add_done_callback(lambda done: self._finish(change, build.id, done))

    def _finish(self, change: Change, panel: str, done: Future[RunRecord]) -> None:
        error = done.exception()
        if isinstance(error, NexusError):
            self._tell(change, panel, error.message)

    def _tell(self, change: Change, panel: str, text: str) -> None:
        with suppress(NexusError):  # it tells too much already
            self._effects.cause(Effect(kind="notify", panel=panel, actor=change.actor.id, name="error", data=text))


def _values(ops: list[Op], build: Build, user: str) -> dict[str, JsonValue]:
    """Return the values of states that ops give back."""
    prefix = f"{build.id}/state."
    defaults: dict[str, Any] = {state.name: state.default for state in build.state}  # Any: a state's value
    found: dict[str, JsonValue] = {}
    for op in personal(ops, user):
        if isinstance(op, SetOp) and op.id.startswith(prefix) and "value" in op.attrs:
            found[op.id.removeprefix(prefix)] = op.attrs["value"]
        elif op.op == "unset" and op.id.startswith(prefix):
            # The first value that a person has for themselves: before, it was the default.
            found[op.id.removeprefix(prefix)] = defaults.get(op.id.removeprefix(prefix))
    return found


def _true(value: JsonValue) -> bool:
    """Return whether a value counts as true in expressions."""
    return bool(value) or isinstance(value, dict)
