"""Effects: handlers of a panel that run when a change makes their condition true."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Change, Origin
from nexus_jupyter.protocol.run import RunRecord
from nexus_jupyter.trilog import traceparent
from nexus_jupyter.workspace.effects import Effect, Effects
from nexus_jupyter.workspace.execution import Execution
from nexus_jupyter.workspace.links import PanelLinks
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
    execution, links, renderer, effects
        Those of the workspace.
    submit
        Runs a function on a thread that may wait.
    """

    def __init__(
        self,
        execution: Execution,
        links: PanelLinks,
        renderer: Renderer,
        effects: Effects,
        submit: Callable[[Callable[[], None]], Future[None]],
    ) -> None:
        self._execution = execution
        self._links = links
        self._reactor = execution.reactor
        self._renderer = renderer
        self._effects = effects
        self._submit = submit
        self._lock = threading.Lock()
        self._lengths = OrderedDict[str, int]()  # run -> how many effects led to it

    def on_change(self, change: Change, head: Head) -> None:
        """Look at a change; quick, since the writer waits for it."""
        panel, graph = change.panel, head.graph
        if panel is None or change.cause.kind not in _CAUSES or panel not in graph:
            return
        # The panel itself, then those that link to it, each after those that it takes values from.
        concerned = [name for name in (panel, *self._links.dependents(graph, panel)) if "<effect" in _text(graph, name)]
        if concerned:
            self._submit(lambda: self._react_all(change, graph, concerned))

    def _react_all(self, change: Change, after: Graph, panels: list[str]) -> None:
        before = apply(after, change.inverse, rev=0).graph
        for panel in panels:
            self._react(change, panel, before, after)

    def _react(self, change: Change, panel: str, before: Graph, after: Graph) -> None:
        nxml = _text(after, panel)
        build = self._reactor.check(nxml)
        user = change.actor.id
        old_state, new_state = (self._links.state_in(graph, panel, user) for graph in (before, after))
        if not build.effects or old_state == new_state:
            return
        old = self._renderer.values(nxml, "effects", old_state)
        new = self._renderer.values(nxml, "effects", new_state)
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
        run = f"{change.rev:x}-{name}" if change.panel == build.id else f"{change.rev:x}-{build.id}.{name}"
        with self._lock:
            self._lengths[run] = length
            while len(self._lengths) > _REMEMBERED:
                self._lengths.popitem(last=False)
        parent = Origin(rev=change.rev, panel=change.panel, via=change.cause.via, run=change.cause.run)
        with self._execution.recorder.within(traceparent(change.trace_id, change.span_id), user=change.actor.id):
            started = self._execution.start(
                build.id, f"effect:{name}", [], change.actor, event=value, via="effect", run=run, parent=parent
            )
        started.add_done_callback(lambda done: self._finish(change, build.id, done))

    def _finish(self, change: Change, panel: str, done: Future[RunRecord]) -> None:
        error = done.exception()
        if isinstance(error, NexusError):
            self._tell(change, panel, error.message)

    def _tell(self, change: Change, panel: str, text: str) -> None:
        with suppress(NexusError):  # it tells too much already
            self._effects.cause(Effect(kind="notify", panel=panel, actor=change.actor.id, name="error", data=text))


def _text(graph: Graph, panel: str) -> str:
    return str(graph.entity(panel).attrs.get("nxml", ""))


def _true(value: JsonValue) -> bool:
    """Return whether a value counts as true in expressions."""
    return bool(value) or isinstance(value, dict)
