"""What panels do because somebody looks at them: on the first look, on the last, and every so often in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build, LifecycleDeclaration
from nexus_jupyter.protocol.run import RunRecord

__all__ = ["Lifecycle"]

#: Seconds without a view after which a panel counts as left: a reload is shorter.
_GRACE = 3.0

#: An interval rests this many times as long as its run used the processor: no panel keeps a core busy by itself.
_SHARE = 9.0
#: Seconds that an interval whose runs keep failing waits at most.
_LONGEST = 300.0

Start = Callable[[str, LifecycleDeclaration, int, Actor], "Future[RunRecord] | None"]


@dataclass
class _Watched:
    """A panel that somebody looks at."""

    actor: Actor
    views: int = 1
    left: float | None = None
    #: The text that the rest is about; another one starts anew.
    build: Build | None = None
    #: When each interval is due, by its place among the panel's lifecycle declarations.
    due: dict[int, float] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    #: Runs of each interval that failed one after the other.
    failures: dict[int, int] = field(default_factory=dict)


class Lifecycle:
    """Counts the views of panels, and runs what their text says about it.

    Parameters
    ----------
    build
        Returns the present build of a panel; raises `NexusError` when it is gone.
    start
        Runs the action of a declaration, with the arguments that the panel's state gives.
    """

    def __init__(self, build: Callable[[str], Build], start: Start) -> None:
        self._build = build
        self._start = start
        self._panels: dict[str, _Watched] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def enter(self, panel: str, actor: Actor) -> None:
        """A view of a panel has opened."""
        with self._changed:
            watched = self._panels.get(panel)
            if watched is not None:
                watched.views += 1
                watched.left = None
                return
            self._panels[panel] = _Watched(actor)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="nexus-lifecycle", daemon=True)
                self._thread.start()
            self._changed.notify()
        self._run(panel, "mount", actor)

    def created(self, panel: str) -> None:
        """There is such a panel now; somebody may have looked for it before."""
        with self._changed:
            watched = self._panels.get(panel)
        if watched is not None:
            self._run(panel, "mount", watched.actor)

    def leave(self, panel: str) -> None:
        """A view has closed."""
        with self._changed:
            watched = self._panels.get(panel)
            if watched is not None:
                watched.views -= 1
                if watched.views <= 0:
                    watched.left = time.monotonic()
                    self._changed.notify()

    def close(self) -> None:
        """Run nothing any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                now = time.monotonic()
                gone = [name for name, one in self._panels.items() if one.left is not None and one.left + _GRACE <= now]
                left = [(name, self._panels.pop(name).actor) for name in gone]
                watched = list(self._panels.items())
            for name, actor in left:
                self._run(name, "unmount", actor)
            wait = min((self._tick(name, one) for name, one in watched), default=60.0)
            with self._changed:
                if not self._closed:
                    self._changed.wait(timeout=max(0.01, wait))

    def _tick(self, panel: str, watched: _Watched) -> float:
        """Run the intervals of a panel that are due; return the seconds until the next."""
        try:
            build = self._build(panel)
        except NexusError:
            return 1.0
        if watched.build is not build:
            watched.build = build
            watched.due.clear()
            watched.failures.clear()
        now = time.monotonic()
        wait = _GRACE if watched.left is not None else 1.0
        for index, one in enumerate(build.lifecycle):
            if one.on != "interval" or one.every is None:
                continue
            due = watched.due.setdefault(index, now + one.every / 1000)
            if due <= now:
                watched.due[index] = now + one.every / 1000
                self._interval(panel, one, index, watched)
            wait = min(wait, watched.due[index] - now)
        return wait

    def _interval(self, panel: str, one: LifecycleDeclaration, index: int, watched: _Watched) -> None:
        # One that takes longer than its interval is not started again before it has ended.
        if index in watched.running:
            return
        started = self._start(panel, one, index, watched.actor)
        if started is not None:
            watched.running.add(index)
            began = time.monotonic()
            started.add_done_callback(lambda done: self._ended(watched, index, done, time.monotonic() - began))

    def _ended(self, watched: _Watched, index: int, done: Future[RunRecord], took: float) -> None:
        """Put the next run off as far as this one was costly, and ever further while runs fail."""
        failed = done.exception() is not None
        with self._changed:
            watched.running.discard(index)
            failures = watched.failures[index] = watched.failures.get(index, 0) + 1 if failed else 0
            # The processor time of a run that failed is not known; it is at most the time that it took.
            seconds = took if failed else done.result().profile.cpu_ms / 1000
            pause = max(seconds * _SHARE, min(_LONGEST, 2.0**failures) if failed else 0.0)
            watched.due[index] = max(watched.due.get(index, 0.0), time.monotonic() + pause)

    def _run(self, panel: str, on: Literal["mount", "unmount"], actor: Actor) -> None:
        try:
            declared = self._build(panel).lifecycle
        except NexusError:
            return
        for index, one in enumerate(declared):
            if one.on == on:
                self._start(panel, one, index, actor)


def arguments(values: dict[str, JsonValue], index: int) -> list[JsonValue]:
    """Return the worked out arguments of a declaration."""
    found = values.get(str(index))
    return list(found) if isinstance(found, list) else []
