"""Threads with the machine stack that JavaScript needs."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

__all__ = ["FairPool", "Share", "on_large_stack"]

T = TypeVar("T")
#: Bytes: the engine's stack, and what calls it.
_STACK = 64 << 20
#: `threading.stack_size` holds for the whole process: one at a time may change it.
_changing = threading.Lock()


class Share(NamedTuple):
    """For whom a task is done: a person, and one of the panels that they use. Nobody: the program itself."""

    person: str = ""
    panel: str = ""


class FairPool:
    """Threads with a large stack, which people and their panels share out fairly.

    A task is not interrupted, so a thread that it holds cannot be had back. Therefore a thread is added, up to a limit,
    when something waits and no task has ended for a while; the system shares the cores out among them. A free thread
    goes to the person who holds the fewest, then to their panel that was served longest ago. Nobody may hold more
    than half of the threads that others do not hold, so that one can be added for the next person.

    Parameters
    ----------
    threads
        How many there are at first.
    most
        How many there may be.
    patience
        Seconds in which something waits and nothing is taken up before a thread is added.
    """

    def __init__(self, threads: int, most: int, *, patience: float = 0.05) -> None:
        self.threads = threads
        self.most = max(threads, most)
        self._patience = patience
        self._lock = threading.Lock()
        self._overdue = threading.Condition(self._lock)
        #: By person, then panel; first of each is who was served longest ago.
        self._waiting = OrderedDict[str, OrderedDict[str, deque[_Task]]]()
        self._held = Counter[str]()
        #: Executors of one thread each: those without a task, and the number of all.
        self._free = [_seat() for _ in range(threads)]
        self._seats = threads
        #: When a task was taken up last.
        self._moved = 0.0
        threading.Thread(target=self._watch, name="nexus-js-watch", daemon=True).start()

    def submit(self, run: Callable[[], T], share: Share = Share()) -> Future[T]:  # noqa: B008 - an immutable value
        """Run a function on one of the threads, in the share of a person and a panel."""
        future: Future[T] = Future()
        with self._lock:
            panels = self._waiting.setdefault(share.person, OrderedDict())
            panels.setdefault(share.panel, deque()).append(_Task(run, future, time.monotonic()))
            seat = self._free.pop() if self._free else None
            if seat is None:
                self._overdue.notify()
        if seat is not None:
            seat.submit(self._serve, seat)
        return future

    def _serve(self, seat: ThreadPoolExecutor) -> None:
        while True:
            with self._lock:
                found = self._take()
                if found is None:
                    self._free.append(seat)
                    return
            person, task = found
            task.run_now()
            del task, found  # an idle thread keeps nothing alive
            with self._lock:
                self._held[person] -= 1
                if not self._held[person]:
                    del self._held[person]

    def _take(self) -> tuple[str, _Task] | None:
        person = self._next()
        if person is None:
            return None
        self._held[person] += 1
        self._moved = time.monotonic()
        panels = self._waiting.pop(person)
        panel, tasks = panels.popitem(last=False)
        task = tasks.popleft()
        if tasks:
            panels[panel] = tasks  # at the end: the other panels are next
        if panels:
            self._waiting[person] = panels
        return person, task

    def _next(self) -> str | None:
        """Return the person whose turn it is, none if nothing waits that may run."""
        held = self._held.total()

        def may(person: str) -> bool:
            # Of the threads that others do not hold, as many are left as one takes.
            own = self._held[person]
            return own == 0 or own < (self.most - held + own) // 2

        return min(filter(may, self._waiting), key=self._held.__getitem__, default=None)

    def _watch(self) -> None:
        """Add threads while something waits that may run."""
        while True:
            with self._lock:
                person = self._next()
                while person is None or self._seats >= self.most:
                    # What waits for a person's own tasks to end is looked at again, since nobody tells of those.
                    self._overdue.wait(self._patience if self._waiting else None)
                    person = self._next()
                oldest = min(tasks[0].since for tasks in self._waiting[person].values())
                early = max(oldest, self._moved) + self._patience - time.monotonic()
                if early <= 0:
                    self._seats += 1
            if early > 0:
                time.sleep(early)
                continue
            seat = _seat()
            seat.submit(self._serve, seat)


class _Task(NamedTuple):
    run: Callable[[], Any]  # Any: a pool carries tasks of different results
    future: Future[Any]
    since: float

    def run_now(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.run()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the future
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


def _seat() -> ThreadPoolExecutor:
    """Return an executor of one thread, with a large stack; executors end in good order when the interpreter does."""
    with _changing:
        before = threading.stack_size(_STACK)
        try:
            seat = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nexus-js")
            # Its thread is made when first needed, with the stack size of that moment: make it now.
            seat.submit(int)
        finally:
            threading.stack_size(before)
    return seat


def on_large_stack(task: Callable[[], T]) -> T:
    """Run a function on a new thread with a large stack, and wait."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(task())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
            errors.append(error)

    with _changing:
        before = threading.stack_size(_STACK)
        try:
            thread = threading.Thread(target=run, name="nexus-bake")
            thread.start()
        finally:
            threading.stack_size(before)
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
