"""Moments that no calendar reaches and zones that nobody knows are refused when a frame is bound, by the column's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from nexus_jupyter.frames import FrameStore
from nexus_jupyter.protocol.errors import FrameError

UNITS = {"s": 1, "ms": 1000, "us": 1_000_000}
#: Seconds of the last moments that are taken, and of the first ones that are not.
LAST, BEYOND = {1: 253_402_300_799, -1: -62_135_596_800}, {1: 253_402_300_800, -1: -62_135_596_801}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FrameStore]:
    made = FrameStore(tmp_path)
    yield made
    made.close()


def moments(seconds: int, unit: str, zone: str | None = None) -> pa.Table:
    return pa.table({"v": pa.array([seconds * UNITS[unit]], pa.timestamp(unit, zone))})


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_moment_outside_of_the_calendar_is_refused(store: FrameStore, unit: str, sign: int) -> None:
    store.put("f", moments(LAST[sign], unit))
    assert store.table("f").to_pylist()[0]["v"].year in {1, 9999}
    for ticks in (BEYOND[sign] * UNITS[unit], sign * (2**63 - 1)):
        with pytest.raises(FrameError, match=r"'v' of 'f' has dates outside of the years 1 to 9999"):
            store.put("f", pa.table({"v": pa.array([ticks], pa.timestamp(unit))}))


def test_a_day_outside_of_the_calendar_is_refused(store: FrameStore) -> None:
    for kind, ticks in ((pa.date32(), 2**31 - 1), (pa.date64(), 2**62 // 86_400_000 * 86_400_000)):
        whole = pa.array([ticks], pa.int32() if kind == pa.date32() else pa.int64())
        with pytest.raises(FrameError, match="years 1 to 9999"):
            store.put("f", pa.table({"v": whole.cast(kind)}))


def test_a_zone_that_nobody_knows_is_refused_and_an_offset_is_not(store: FrameStore) -> None:
    store.put("f", moments(0, "s", "+05:30"))
    with pytest.raises(FrameError, match="time zone 'Nowhere/None'"):
        store.put("f", moments(0, "s", "Nowhere/None"))
