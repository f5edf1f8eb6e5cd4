"""Recordings of runs: kept in the background, found again, and not for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.storage import RunRecording, RunStore, open_database


def recording(number: int) -> RunRecording:
    return RunRecording(
        id=f"{number:032x}", ts=number, panel="p", action="a", actor="ann", outcome="done", program="d" * 64,
        files=(("p/a", "source"),), cpu_ms=0.5, wall_ms=1.0, memory_bytes=100, steps=((number, b"in", b"out"),),
    )  # fmt: skip


def test_the_newest_are_kept_and_found_in_the_next_process(database: str) -> None:
    url = database
    store = RunStore(open_database(url), "w", kept=3)
    for number in range(10):
        store.keep(recording(number))
    store.close()
    again = RunStore(open_database(url), "w", kept=3)
    try:
        assert [run["ts"] for run in again.newest()] == [9, 8, 7]
        assert again.load(f"{8:032x}") == recording(8)
        with pytest.raises(NotFoundError, match="The last 3 runs are kept"):
            again.load(f"{2:032x}")
    finally:
        again.close()


def test_they_take_no_more_room_than_they_may(database: str) -> None:
    store = RunStore(open_database(database), "w", kept_bytes=100_000)
    try:
        for number in range(40):
            steps = ((number, b"in", b"x" * 10_000),)
            program = f"{number % 20:064x}"
            store.keep(replace(recording(number), steps=steps, program=program))
            store.flush()
        # A sixteenth of the room may pass between two looks.
        assert 8 <= len(store.newest()) <= 11
        assert store.load(f"{39:032x}").files == (("p/a", "source"),)
    finally:
        store.close()


def test_a_disk_that_refuses_loses_recordings_and_nothing_else(database: str, caplog: pytest.LogCaptureFixture) -> None:
    engine = open_database(database)
    store = RunStore(engine, "w")
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE programs RENAME TO gone")
    store.keep(recording(1))
    store.flush()
    assert "could not be written" in caplog.text
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO programs")
    # The same program again: it was not taken for written.
    store.keep(recording(2))
    assert store.load(f"{2:032x}") == recording(2)
    store.close()
