"""Moments as people write them: in any zone, in an hour that comes twice, and too far away to be counted."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.notebook.moments import moment, nanoseconds
from nexus_jupyter.protocol.errors import TriLogError

SECOND = 10**9


@pytest.fixture
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize("zone", ["Europe/Berlin"], indirect=True)
def test_an_hour_that_comes_twice_is_the_one_that_is_meant(zone: str) -> None:
    first = dt.datetime(2024, 10, 27, 2, 30)  # noqa: DTZ001 - local on purpose
    for given in (lambda one: one, pd.Timestamp, lambda one: pd.Timestamp(one) + pd.Timedelta(0)):
        early = nanoseconds(given(first))
        assert early == 1729989000 * SECOND
    assert nanoseconds(first.replace(fold=1)) == 1729992600 * SECOND
    assert nanoseconds(pd.Timestamp(first.replace(fold=1))) == 1729992600 * SECOND
    assert nanoseconds("2024-10-27 02:30:00.123456789") == 1729989000 * SECOND + 123456789


@pytest.mark.parametrize("zone", ["Europe/Berlin", "JST-9", "UTC", "America/New_York"], indirect=True)
def test_now_is_now_in_any_zone(zone: str) -> None:
    for now in ("now", "today", " Now "):
        before = time.time_ns() // 1000
        assert before <= nanoseconds(now) // 1000 <= time.time_ns() // 1000


@pytest.mark.parametrize("zone", ["JST-9"], indirect=True)
def test_the_past_is_asked_for_in_any_zone_and_far_away(zone: str, tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "ws") as ws:
        panel = ws.panel("c", '<panel id="c"><data><state name="n" type="int" default="0"/></data></panel>')
        panel.state["n"] = 3
        twin = ws.trilog.twin("Panel", "c")
        newest = twin.at("now").set_index("field")["value"]
        assert newest["state.n"] == 3
        for far in (
            "2200-01-01",
            "9999-12-31",
            dt.datetime(9999, 12, 31, tzinfo=dt.UTC),
            pd.Timestamp(np.datetime64("12000-01-01", "s")),
        ):
            assert twin.at(far).set_index("field")["value"].equals(newest)
        for far in ("1950-01-01", "1800-01-01", "0001-01-01", dt.datetime(1, 1, 1, tzinfo=dt.UTC)):
            assert twin.at(far).empty
        assert len(twin.history("state.n", start="0001-01-01", end="9999-12-31")) == 2
        assert len(twin.history("state.n", end="now")) == 2
        assert twin.history("nope").empty
        assert ws.trilog.anomalies(end="now").empty
        for far in ("9999-12-31", "1800-01-01"):
            with pytest.raises(TriLogError, match="outside of the years"):
                nanoseconds(far)
        for wrong in ("yesterday-ish", None, float("nan"), "2026-13-01"):
            with pytest.raises(TriLogError, match=r"is no time|is missing"):
                moment(wrong)  # type: ignore[arg-type]
        with pytest.raises(TriLogError, match=r"ws\.trilog\.twin\(CLASS, 'c'\)"):
            twin.load()
