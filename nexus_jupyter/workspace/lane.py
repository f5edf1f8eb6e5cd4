"""A lane: tasks that run one after the other, in the order they were put in, on a shared pool of threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["Lane", "Task", "carry_out"]

T = TypeVar("T")
Task = tuple[Callable[[], Any], "Future[Any]"]  # Any: a lane carries tasks of different results


class Lane:
    """Runs tasks in order without keeping a thread while it is empty.

    Parameters
    ----------
    submit
        Starts a function on the pool, such as `Engine.submit`.
    """

    def __init__(self, submit: Callable[[Callable[[], None]], object]) -> None:
        self._submit = submit
        self._tasks = deque[Task]()
        self._lock = threading.Lock()
        self._running = False

    def __len__(self) -> int:
        """Return the number of tasks that wait."""
        return len(self._tasks)

    def put(self, task: Callable[[], T]) -> Future[T]:
        """Add a task; the future gets its result or exception."""
        future: Future[T] = Future()
        with self._lock:
            self._tasks.append((task, future))
            start = not self._running
            self._running = True
        if start:
            self._submit(self._drain)
        return future

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._tasks:
                    self._running = False
                    return
                task, future = self._tasks.popleft()
            carry_out(task, future)


def carry_out(task: Callable[[], T], future: Future[T]) -> None:
    """Run a task for whoever waits for its future, unless it was cancelled."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = task()
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the future
        future.set_exception(error)
    else:
        future.set_result(result)
