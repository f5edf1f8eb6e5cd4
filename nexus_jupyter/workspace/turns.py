"""The steps of one panel's runs: one at a time, people taking turns."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from nexus_jupyter.engine import Share
from nexus_jupyter.workspace.lane import Task, carry_out

__all__ = ["Turns"]

T = TypeVar("T")


class Turns:
    """Runs the tasks of a panel: those of one person in the order they were put in, people in turn.

    Parameters
    ----------
    submit
        Starts a function on threads that people share, such as `Engine.submit`.
    panel
        The panel's name.
    """

    def __init__(self, submit: Callable[[Callable[[], None], Share], object], panel: str) -> None:
        self._submit = submit
        self._panel = panel
        #: By person; first is who was served longest ago.
        self._tasks = OrderedDict[str, deque[Task]]()
        self._lock = threading.Lock()
        self._running = False

    def put(self, task: Callable[[], T], person: str) -> Future[T]:
        """Add a task of a person; the future gets its result or exception."""
        future: Future[T] = Future()
        with self._lock:
            self._tasks.setdefault(person, deque()).append((task, future))
            start = not self._running
            self._running = True
        if start:
            self._submit(self._one, Share(person, self._panel))
        return future

    def _one(self) -> None:
        """Run one task, and give the thread back before the next: others may have waited longer."""
        with self._lock:
            person, tasks = self._tasks.popitem(last=False)
            task, future = tasks.popleft()
            if tasks:
                self._tasks[person] = tasks
        carry_out(task, future)
        with self._lock:
            following = next(iter(self._tasks), None)
            self._running = following is not None
        if following is not None:
            self._submit(self._one, Share(following, self._panel))
