"""Moments that Python has no value for: shown as what they are, and refused where a browser has none either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from nexus_jupyter.arrow import records
from nexus_jupyter.engine import Engine
from nexus_jupyter.frames import FrameStore
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.rendering import Renderer

DAY = 86_400
YEAR_20000, YEAR_MINUS_500 = 568_971_820_800, -77_945_673_600
UNITS = {"s": 1, "ms": 1000, "us": 1_000_000}
PANEL = (
    '<panel id="p"><view><table id="t" data="f"/><select id="c" options="{o}"/></view>'
    '<data><frame name="f" from="kernel:f"/><query name="o" frame="f" distinct="v"/></data></panel>'
)


def moments(seconds: list[int], unit: str, zone: str | None = None) -> pa.Table:
    return pa.table({"v": pa.array([one * UNITS[unit] for one in seconds], pa.timestamp(unit, zone))})


def days(seconds: list[int], kind: pa.DataType) -> pa.Table:
    ticks = [one // DAY * (1 if kind == pa.date32() else 86_400_000) for one in seconds]
    whole = pa.array(ticks, pa.int32() if kind == pa.date32() else pa.int64())
    return pa.table({"v": whole.cast(kind)})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FrameStore]:
    made = FrameStore(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("seconds", [YEAR_20000, YEAR_MINUS_500], ids=["far", "long ago"])
@pytest.mark.parametrize("kind", [*UNITS, "date32", "date64", "in a zone"])
def test_a_year_that_python_does_not_have_is_shown(engine: Engine, store: FrameStore, kind: str, seconds: int) -> None:
    year = "20000" if seconds > 0 else "-500"
    if kind in UNITS:
        table = moments([0, seconds], kind)
    elif kind == "in a zone":
        table = moments([0, seconds], "s", "UTC")
    else:
        table = days([0, seconds], pa.date32() if kind == "date32" else pa.date64())
    store.put("f", table)
    reactor = Reactor(engine)
    shown = [row["v"] for row in store.page(reactor.check(PANEL), "f", {}).rows()]  # type: ignore[call-overload, index]  # rows are records
    assert shown == ["1970-01-01", f"{year}-01-01"]
    assert f"{year}-01-01" in Renderer(reactor, store).html(PANEL, {})
    assert str(records(store.table("f"))[1]["v"]).startswith(f"{year}-01-01")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("sign", [1, -1])
def test_what_no_browser_has_a_moment_for_is_refused(store: FrameStore, unit: str, sign: int) -> None:
    edge = sign * 100_000_000 * DAY
    store.put("f", moments([edge], unit))
    with pytest.raises(FrameError, match=r"'v' of 'f'.*years -271821 to 275760"):
        store.put("f", moments([edge + sign], unit))
    with pytest.raises(FrameError, match="years -271821 to 275760"):
        store.put("f", pa.table({"v": pa.array([sign * (2**63 - 1)], pa.timestamp(unit))}))
    assert records(store.table("f"))


def test_a_day_that_no_browser_has_is_refused(store: FrameStore) -> None:
    for kind, ticks in ((pa.date32(), 2**31 - 1), (pa.date64(), 2**62 // 86_400_000 * 86_400_000)):
        whole = pa.array([ticks], pa.int32() if kind == pa.date32() else pa.int64())
        with pytest.raises(FrameError, match="years -271821 to 275760"):
            store.put("f", pa.table({"v": whole.cast(kind)}))


def test_a_zone_that_nobody_knows_is_refused_and_an_offset_is_not(store: FrameStore) -> None:
    store.put("f", moments([0], "s", "+05:30"))
    with pytest.raises(FrameError, match="time zone 'Nowhere/None'"):
        store.put("f", moments([0], "s", "Nowhere/None"))
