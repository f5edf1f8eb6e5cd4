"""Threads with the machine stack that JavaScript needs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["large_stack_pool", "on_large_stack"]

T = TypeVar("T")
#: Bytes: the engine's stack, and what calls it.
_STACK = 64 << 20
#: `threading.stack_size` holds for the whole process: one at a time may change it.
_changing = threading.Lock()


def large_stack_pool(threads: int) -> ThreadPoolExecutor:
    """Return a pool whose threads have a large stack."""
    with _changing:
        before = threading.stack_size(_STACK)
        try:
            pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="nexus-js")
            # Threads are made when first needed, with the stack size of that moment: make them all now.
            barrier = threading.Barrier(threads + 1)
            for _ in range(threads):
                pool.submit(barrier.wait)
            barrier.wait()
        finally:
            threading.stack_size(before)
    return pool


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
