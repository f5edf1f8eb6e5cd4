"""Copies of machines' memories: what they cost, and that other threads run meanwhile."""

from __future__ import annotations

import ctypes
import mmap
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_jupyter.engine.memory import MemoryImage, _differences, copy_of
from nexus_jupyter.engine.module import PAGE

PIECES = st.dictionaries(st.integers(0, 6 * PAGE - 1), st.binary(min_size=1, max_size=9000), max_size=12)


def _memory(pieces: dict[int, bytes], pages: int) -> bytes:
    memory = bytearray(pages * PAGE)
    for start, piece in pieces.items():
        memory[start : start + len(piece)] = piece
    return bytes(memory[: pages * PAGE])


@given(before=PIECES, after=PIECES, more=st.integers(0, 2))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("mapped", [True, False])
def test_an_image_is_laid_over_the_memory_that_it_differs_from(
    before: dict[int, bytes], after: dict[int, bytes], more: int, mapped: bool
) -> None:
    base, wanted = _memory(before, 6), _memory(after, 6 + more)
    image = MemoryImage(base, wanted, mapped=mapped)
    machine = mmap.mmap(-1, len(wanted))
    machine[: len(base)] = base
    view = (ctypes.c_char * len(wanted)).from_buffer(machine)
    image.lay(ctypes.addressof(view))
    assert ctypes.string_at(ctypes.addressof(view), len(wanted)) == wanted
    assert image.own_bytes <= len(wanted)


def test_finding_differences_takes_as_long_as_the_memory_is_large() -> None:
    def spent(pages: int) -> float:
        after = b"\1" * (pages * PAGE)
        started = time.thread_time()
        assert sum(end - start for start, end in _differences(b"", after)) == len(after)
        return time.thread_time() - started

    small, large = (min(spent(pages) for _ in range(3)) for pages in (60, 960))
    # Sixteen times as large; the square of that would be 256.
    assert large < 64 * small


def test_other_threads_run_while_a_memory_is_copied() -> None:
    """Beside a pause of the same length: a copy that kept the others waiting would let them do next to nothing."""
    steps, ended = 0, threading.Event()

    def work() -> None:
        nonlocal steps
        while not ended.is_set():
            steps += 1

    source = ctypes.create_string_buffer(64 << 20)
    worker = threading.Thread(target=work)
    worker.start()
    try:
        meanwhile = paused = 0
        for _ in range(8):
            before, started = steps, time.perf_counter()
            copy_of(ctypes.addressof(source), len(source)).close()
            meanwhile += steps - before
            before, pause = steps, time.perf_counter() - started
            time.sleep(pause)
            paused += steps - before
    finally:
        ended.set()
        worker.join()
    assert meanwhile > 0.15 * paused
