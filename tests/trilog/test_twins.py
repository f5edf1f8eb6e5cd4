"""A notebook's own twins: registered, recorded, refused, upgraded; and what never leaves the process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.protocol.telemetry import ProcessStep, TwinRecord
from nexus_jupyter.protocol.trilog import RecordTwins
from nexus_jupyter.trilog import Ref, TwinObject, TwinProcess, pii, step, tracked
from nexus_jupyter.trilog.reading import TABLES
from nexus_jupyter.trilog.twins import PanelExecution, User

SECRET = "serial-4711-secret"


class Sensor(TwinObject):
    title: str = ""
    readings: dict[str, float] = tracked()
    owner: Ref[User] | None = None
    serial: str = pii("")


class Calibration(TwinProcess):
    steps = step("requested") >> "measured" >> (step("accepted") | "rejected")
    device: str = ""
    patient: str = pii("")


@pytest.fixture
def log(ws: Workspace):
    ws.trilog.register(Sensor)
    ws.trilog.register(Calibration)
    return ws.trilog


def test_a_process_is_written_as_its_steps() -> None:
    assert Calibration.steps.transitions() == {
        "": ["requested"],
        "requested": ["measured"],
        "measured": ["accepted", "rejected"],
        "accepted": [],
        "rejected": [],
    }
    flow = PanelExecution.steps.transitions()
    assert flow["triggered"] == ["context_loaded", "failed"]
    assert flow["started"] == ["completed", "failed"]


def test_what_is_recorded_can_be_asked_for_at_any_moment(log) -> None:  # noqa: ANN001
    log.record(Sensor(id="s1", title="North", readings={"temperature": 20.5, "humidity": 0.4}, owner="ann"))
    between = pd.Timestamp(time.time_ns(), tz="UTC")
    log.record(Sensor(id="s1", readings={"temperature": 21.0}), cause="the window was opened")
    before, now = (log.twin("Sensor", "s1").at(when).set_index("field") for when in (between, "now"))
    assert before["value"].to_dict() == {
        "title": "North",
        "readings.temperature": 20.5,
        "readings.humidity": 0.4,
        "owner": "ann",
    }
    assert now.loc["readings.temperature", ["value", "cause"]].tolist() == [21.0, "the window was opened"]
    assert log.twin(Sensor, "s1").load().readings == {"temperature": 21.0, "humidity": 0.4}
    with pytest.raises(NotFoundError):
        log.twin(Sensor, "s9").load()


def test_what_arrives_late_counts_from_when_it_happened_and_can_be_left_out(log) -> None:  # noqa: ANN001
    log.record(Sensor(id="late", title="new"))
    log.flush()
    known = pd.Timestamp(time.time_ns(), tz="UTC")
    time.sleep(0.005)  # the database notes when it recorded something in whole milliseconds
    log.record(Sensor(id="late", title="old"), time="2024-01-01 00:00Z")
    twin = log.twin("Sensor", "late")
    assert list(twin.history("title")["value"]) == ["old", "new"]
    assert twin.at("2025-01-01")["value"].tolist() == ["old"]
    assert twin.at("2025-01-01", recorded_by=known).empty
    assert twin.at("now")["value"].tolist() == ["new"]
    whole = log.workspace_at("2025-01-01", "Sensor").set_index("id")
    assert whole.loc["late", "value"] == "old"


def test_what_does_not_fit_is_kept_apart_where_it_can_be_seen(log, ws: Workspace) -> None:  # noqa: ANN001
    now = time.time_ns()
    wrong = [
        TwinRecord(kind="Sensor", id="x", fields={"nonsense": 1}, ts=now),
        TwinRecord(kind="Sensor", id="x", fields={"title": 7}, ts=now),
        TwinRecord(kind="Sensor", id="x", fields={"readings": {"a": "warm"}}, ts=now),
        TwinRecord(kind="Nobody", id="x", fields={"a": SECRET}, ts=now),
        TwinRecord(kind="Sensor", id="x", fields={"serial": SECRET}, ts=now),
    ]
    steps = [
        ProcessStep(process="Calibration", instance="c0", step="accepted", ts=now),
        ProcessStep(process="Calibration", instance="c1", step="requested", ts=now),
        ProcessStep(process="Calibration", instance="c1", step="rejected", ts=now),
        ProcessStep(process="Calibration", instance="c2", step="requested", ts=now, attributes={"patient": SECRET}),
    ]
    before = len(log.quarantine())
    ws._host.trilog.carry_out(RecordTwins(twins=wrong, steps=steps))
    found = log.quarantine().iloc[before:]
    assert list(found["reason"]) == [
        "'Sensor' has no field 'nonsense'.",
        "'title' is no string.",
        "'readings' is no number at 'a'.",
        "There is no kind of twin named 'Nobody' in version 1.",
        "'serial' is private and must not be recorded.",
        "'Calibration' cannot begin with 'accepted'.",
        "'rejected' cannot follow 'requested'.",
        "'patient' is private and must not be recorded.",
    ]
    assert log.twin("Sensor", "x").at("now").empty


def test_what_is_private_is_in_no_table_and_in_no_file(log, ws: Workspace) -> None:  # noqa: ANN001
    log.record(Sensor(id="s2", title="South", serial=SECRET))
    log.record(Calibration(id="k", step="requested", device="s2", patient=SECRET))
    folder = ws._host.kernel.folder.private  # type: ignore[attr-defined]
    spooled = b"".join(path.read_bytes() for path in (folder / "trilog-spool").glob("*.jsonl"))
    log.flush()
    assert log.twin("Sensor", "s2").at("now")["field"].tolist() == ["title"]
    assert b'"s2"' in spooled
    assert SECRET.encode() not in b"".join(
        line for line in spooled.splitlines() if b'"Nobody"' not in line and b'"x"' not in line and b'"c2"' not in line
    )
    for table in TABLES:
        text = log.sql(f"select * from {table}").to_csv()
        assert SECRET not in text, table


def test_names_of_people_are_not_recorded_either(log, ws: Workspace) -> None:  # noqa: ANN001
    from nexus_jupyter.protocol.identity import Actor

    kernel = ws._host.kernel  # type: ignore[attr-defined]
    somebody = Actor(id="u-77", name="Ottoline Nameworthy", kind="user")
    kernel.recorder.connected("socket-1", somebody, "page")
    kernel.put_panel("named", '<panel id="named"><view><text id="t">x</text></view></panel>', somebody)
    kernel.recorder.disconnected("socket-1", somebody)
    assert log.twin("User", "u-77").at("now").set_index("field")["value"].to_dict() == {"kind": "user"}
    assert list(log.twin("WebSocketConnection", "socket-1").history("state")["value"]) == ["open", "closed"]
    for table in TABLES:
        assert "Nameworthy" not in log.sql(f"select * from {table}").to_csv(), table


def test_older_versions_are_read_by_the_newer_class(log) -> None:  # noqa: ANN001
    log.record(Sensor(id="v", title="East", readings={"temperature": 1.0}))

    class Newer(TwinObject):
        version: ClassVar[int] = 2
        name: str
        readings: dict[str, float] = tracked()

        @classmethod
        def upgrade(cls, version: int, fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
            assert version == 1
            return {"name": fields["title"], **{key: value for key, value in fields.items() if key != "title"}}

    Newer.__name__ = "Sensor"
    log.register(Newer)
    assert log.twin(Newer, "v").load().name == "East"
    log.record(Newer(id="w", name="West"))
    assert log.twin(Newer, "w").load().name == "West"
    versions = log.schemas().query("kind == 'Sensor'")["version"].tolist()
    assert versions == [1, 2]


def test_changed_quotas_are_told_as_a_change_of_subscription(tmp_path: Path) -> None:
    from nexus_jupyter.workspace import Quotas, WorkspaceOptions

    with Workspace.open(tmp_path / "w"):
        pass
    with Workspace.open(tmp_path / "w", options=WorkspaceOptions(quotas=Quotas(panels=7))) as ws:
        history = ws.trilog.twin("Workspace", "w").history("quotas.panels")
        assert list(history["value"]) == [1000, 7]
        assert ws.trilog.process("SubscriptionChange").funnel()["courses"].tolist() == [1, 1, 0]
        told = ws.trilog.sql(
            "select distinct attributes['quota'] q, attributes['before'] b, attributes['after'] a from process_steps where process = 'SubscriptionChange'"
        )
        assert told.to_dict("records") == [{"q": "panels", "b": "1000", "a": "7"}]
