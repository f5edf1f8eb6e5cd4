"""What was unusual is found beside what is usual; what is usual is left alone."""

from __future__ import annotations

import random
import time

import pandas as pd
import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.telemetry import ProcessStep, TwinRecord
from nexus_jupyter.protocol.trilog import AnomaliesBetween, RecordTwins
from nexus_jupyter.trilog import TwinObject, TwinProcess, step, tracked

HOUR = 3_600_000_000_000
DAY = 24 * HOUR


class Boiler(TwinObject):
    pressure: dict[str, float] = tracked()


class Heating(TwinProcess):
    steps = step("lit") >> (step("warm") | step("cold"))


@pytest.fixture(scope="module")
def now(ws: Workspace) -> int:
    """A fortnight of an orderly boiler: every hour it is lit twice, takes a second, and its pressure is about 3."""
    ws.trilog.register(Boiler)
    ws.trilog.register(Heating)
    chance = random.Random(4)
    now = time.time_ns() // HOUR * HOUR
    steps, twins = [], []
    for hour in range(14 * 24):
        for half in (0, 1):
            at = now - 14 * DAY + hour * HOUR + half * HOUR // 2
            # It takes ten times as long at night, every night.
            night = pd.Timestamp(at).hour in (2, 3)
            took = int(1e9 * chance.lognormvariate(0, 0.2) * (10 if night else 1))
            cold = chance.random() < 0.05
            course = f"{hour}-{half}"
            steps.append(ProcessStep(process="Heating", instance=course, step="lit", ts=at, panel="b"))
            end = "cold" if cold else "warm"
            steps.append(ProcessStep(process="Heating", instance=course, step=end, ts=at + took, panel="b"))
            twins.append(TwinRecord(kind="Boiler", id="b", fields={"pressure": {"main": chance.gauss(3, 0.1)}}, ts=at))
    ws.trilog._host.trilog.carry_out(RecordTwins(steps=steps, twins=twins))
    return now


def unusual(ws: Workspace, kind: str, start: int, end: int) -> list[dict[str, object]]:
    question = AnomaliesBetween.model_validate({"start": start, "end": end, "kinds": [kind]})
    return ws.trilog._host.trilog.ask(question).to_pylist()


@pytest.mark.parametrize("kind", ["latency", "outcome", "burst", "value", "transition", "schema"])
def test_an_orderly_fortnight_has_nothing_unusual(ws: Workspace, now: int, kind: str) -> None:
    found = [row for row in unusual(ws, kind, now - 14 * DAY, now) if row["type"] in ("Heating", "Boiler")]
    assert found == []


def course(ws: Workspace, name: str, at: int, took: float, end: str = "warm") -> None:
    begun = ProcessStep(process="Heating", instance=name, step="lit", ts=at, panel="b")
    ended = begun.model_copy(update={"step": end, "ts": at + int(took * 1e9), "trace_id": "4f" * 16})
    ws.trilog._host.trilog.carry_out(RecordTwins(steps=[begun, ended]))


def test_a_course_is_slow_beside_those_of_its_hour(ws: Workspace, now: int) -> None:
    day = (now - 2 * DAY) // DAY * DAY
    course(ws, "slow by day", day + 14 * HOUR, 10)
    course(ws, "as ever at night", day + 2 * HOUR + 60, 10)
    course(ws, "slow at night", day + 3 * HOUR + 60, 100)
    found = {int(row["ts"].value): row for row in unusual(ws, "latency", now - 3 * DAY, now)}
    assert set(found) == {day + 14 * HOUR, day + 3 * HOUR + 60}
    slow = found[day + 3 * HOUR + 60]
    assert slow["trace_id"] == "4f" * 16
    assert 7_000 < slow["baseline"] < 14_000 < slow["threshold"] < slow["value"] == 100_000


def test_a_number_far_off_is_found_with_what_is_usual(ws: Workspace, now: int) -> None:
    odd = TwinRecord(kind="Boiler", id="b", fields={"pressure": {"main": 30.0}}, ts=now - HOUR + 1)
    ws.trilog._host.trilog.carry_out(RecordTwins(twins=[odd]))
    (row,) = (row for row in unusual(ws, "value", now - 2 * HOUR, now) if row["type"] == "Boiler")
    assert row["words"] == "pressure.main of Boiler 'b' became 30; " + str(row["words"]).split("; ")[1]
    assert row["value"] == 30
    assert row["baseline"] == pytest.approx(3, abs=0.1)


def test_failures_in_a_row_are_found_where_single_ones_are_not(ws: Workspace, now: int) -> None:
    for number in range(8):
        course(ws, f"cold {number}", now - 5 * HOUR + number * 1000, 1, "cold")
    (row,) = unusual(ws, "outcome", now - DAY, now)
    assert (row["type"], row["id"], row["field"]) == ("Heating", "b", "cold")
    assert "is usual" in str(row["words"])


def test_many_changes_at_once_are_found(ws: Workspace, now: int) -> None:
    many = [
        TwinRecord(kind="Boiler", id="b", fields={"pressure": {"main": 3.0}}, ts=now - 9 * HOUR + number)
        for number in range(300)
    ]
    ws.trilog._host.trilog.carry_out(RecordTwins(twins=many))
    (row,) = (row for row in unusual(ws, "burst", now - DAY, now) if row["type"] == "Boiler")
    assert row["value"] >= 300
    assert row["baseline"] < 5


def test_a_step_that_cannot_be_is_found_each_time(ws: Workspace, now: int) -> None:
    course(ws, "impossible", now - HOUR, 1)
    again = ProcessStep(process="Heating", instance="impossible", step="lit", ts=now - HOUR + 2_000_000_000)
    ws.trilog._host.trilog.carry_out(RecordTwins(steps=[again]))
    (row,) = unusual(ws, "transition", now - 2 * HOUR, now)
    assert row["field"] == "impossible"
    assert "'lit' cannot follow 'warm'" in str(row["words"])


def test_a_kind_that_ceases_to_fit_its_schema_is_found(ws: Workspace, now: int) -> None:
    wrong = [
        TwinRecord(kind="Boiler", id="b", fields={"colour": "red"}, ts=now - HOUR + number) for number in range(20)
    ]
    ws.trilog._host.trilog.carry_out(RecordTwins(twins=wrong))
    (row,) = (row for row in unusual(ws, "schema", now - 2 * HOUR, now) if row["type"] == "Boiler")
    assert "has no field 'colour'" in str(row["words"])
