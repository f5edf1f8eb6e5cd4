"""Interrupted and repeated intake, erasure, retention, migrations, and servers that are not there."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import TriLogError, UnavailableError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.trilog import TwinObject
from nexus_jupyter.trilog import spool as spooling
from nexus_jupyter.trilog.reading import TABLES
from nexus_jupyter.trilog.spool import Position, Spool, SpoolReader
from nexus_jupyter.workspace import WorkspaceOptions

#: The long run is NEXUS_TRILOG_KILLS=100.
KILLS = int(os.environ.get("NEXUS_TRILOG_KILLS", "6"))
UNIQUE = {
    "twin_changes": "(object_type, object_id, ts, seq, field)",
    "twin_timeline": "(object_type, object_id, ts, seq, field)",
    "process_steps": "(process, instance, step, ts)",
    "otel_traces": "(TraceId, SpanId)",
}


class Meter(TwinObject):
    value: int = 0


def _panel(ws: Workspace, counter: str):  # noqa: ANN202
    return ws.panel("counter", counter)


def test_a_store_that_is_killed_under_load_loses_nothing_and_shows_nothing_twice(tmp_path: Path, counter: str) -> None:
    dice = random.Random(3)
    with Workspace.open(tmp_path / "w") as ws:
        panel, log = _panel(ws, counter), ws.trilog
        log.register(Meter)
        trilog = ws._host.kernel.trilog  # type: ignore[attr-defined]
        log.flush()
        recorded, written = 0, 0
        for _ in range(KILLS):
            stop = threading.Event()

            def ask_on(stop: threading.Event = stop) -> None:
                while not stop.is_set():
                    with contextlib.suppress(TriLogError):  # killed twice over one question
                        log.flush()

            asking = threading.Thread(target=ask_on)
            asking.start()
            until = time.monotonic() + dice.uniform(0.1, 0.6)
            while time.monotonic() < until:
                panel.run("add", by=1)
                log.record(Meter(id="m", value=recorded))
                recorded, written = recorded + 1, written + 1
            if trilog.process_id is not None:
                os.kill(trilog.process_id, signal.SIGKILL)
            stop.set()
            asking.join()
        assert log.twin("Panel", "counter").at("now").set_index("field").loc["state.count", "value"] == written
        assert len(log.twin("Panel", "counter").history("state.count")) == written + 1
        assert list(log.twin("Meter", "m").history("value")["value"]) == list(range(recorded))
        assert len(log.replay("2020-01-01", panel="counter").query("field == 'state.count'")) == written + 1
        funnel = log.process("PanelExecution").funnel().set_index("step")["courses"]
        assert funnel["triggered"] == funnel["completed"] == written
        for table, key in UNIQUE.items():
            rows = log.sql(f"select count() c, uniqExact{key} u from {table}")
            assert rows["c"][0] == rows["u"][0], table
        spans = log.sql("select count() c from otel_traces where SpanName = 'action.run'")["c"][0]
        assert spans == written


def test_an_insert_that_was_interrupted_is_done_again_exactly(tmp_path: Path, counter: str) -> None:
    """The moment between the insert and the note that it was done, which a kill seldom meets."""
    from nexus_jupyter.trilog.position import Progress

    with Workspace.open(tmp_path / "w") as ws:
        panel = _panel(ws, counter)
        for _ in range(5):
            panel.run("add")
        ws.trilog.flush()
        last = ws._host.changes()[-1].rev
    note = tmp_path / "w" / ".nexus" / "trilog-spool" / "position.json"
    progress = Progress.load(note)
    progress.reading, progress.read, progress.writing = progress.read, Position(), (1, last)
    progress.save()
    with Workspace.open(tmp_path / "w") as ws:
        for table, key in UNIQUE.items():
            rows = ws.trilog.sql(f"select count() c, uniqExact{key} u from {table}")
            assert rows["c"][0] == rows["u"][0], table
        assert ws.trilog.twin("Panel", "counter").at("now").set_index("field").loc["state.count", "value"] == 5


@pytest.mark.parametrize(
    "kept",
    [
        *("", "[]", "{}", "null", '{"read": 3, "reading": null, "writing": null}', "[" * 100_000),
        *(
            '{"read": {"segment": "x"}, "reading": null, "writing": null}',
            '{"read": {}, "reading": null, "writing": 1}',
        ),
    ],
)
def test_a_damaged_note_of_how_far_it_got_is_as_none(tmp_path: Path, kept: str) -> None:
    from nexus_jupyter.trilog.position import Progress

    note = tmp_path / "position.json"
    note.write_text(kept)
    progress = Progress.load(note)
    assert (progress.read, progress.reading, progress.writing) == (Position(), None, None)
    progress.writing = (2, 5)
    progress.save()
    assert Progress.load(note) == progress


def test_a_history_that_is_deleted_is_made_again_from_the_journal(tmp_path: Path, counter: str) -> None:
    with Workspace.open(tmp_path / "w") as ws:
        _panel(ws, counter).state["count"] = 3
        before = ws.trilog.twin("Panel", "counter").history()
    shutil.rmtree(tmp_path / "w" / ".nexus" / "trilog")
    with Workspace.open(tmp_path / "w") as ws:
        after = ws.trilog.twin("Panel", "counter").history()
        pd.testing.assert_frame_equal(before.drop(columns="recorded_at"), after.drop(columns="recorded_at"))


def test_somebody_who_is_forgotten_is_in_no_table_and_stays_forgotten(ws: Workspace, counter: str) -> None:
    kernel = ws._host.kernel  # type: ignore[attr-defined]
    victim = Actor(id="victim-31", name="Vic", kind="user")
    kernel.recorder.connected("socket-2", victim, "page")
    kernel.put_panel("counter", counter, victim)
    kernel.set_state("counter", {"count": 4}, victim)
    kernel.execution.start("counter", "add", [], victim).result()
    log = ws.trilog
    ws.trilog.flush()
    kept = log.twin("Panel", "counter").at("now")[["field", "value"]]
    log.forget("victim-31")
    kernel.set_state("counter", {"count": 6}, victim)
    history = log.twin("Panel", "counter").history("state.count")
    assert set(history["actor"]) == {"forgotten"}
    assert history["value"].tolist() == [0, 4, 5, 6]
    assert len(kept) == len(log.twin("Panel", "counter").at("now"))
    assert "victim-31" not in log.workspace_at("now").to_csv()
    for table in TABLES:
        said = log.sql(f"select * from {table}").to_csv()
        if table in {"otel_traces", "process_steps"}:
            continue  # what was done after it: see below
        assert "victim-31" not in said, table
    for table, column in (("otel_traces", "Timestamp"), ("process_steps", "ts")):
        cut = history["valid_from"].iloc[-2].value
        old = log.sql(f"select * from {table} where {column} <= fromUnixTimestamp64Nano({cut})").to_csv()
        assert "victim-31" not in old, table


def test_what_is_old_is_dropped_and_the_state_since_then_stays(tmp_path: Path, counter: str) -> None:
    with Workspace.open(tmp_path / "w") as ws:
        panel, log = _panel(ws, counter), ws.trilog
        for value in range(1, 9):
            panel.state["count"] = value
        changes = [change for change in ws._host.changes() if change.cause.kind == "set"]
        cut = pd.Timestamp(changes[4].ts + 1, tz="UTC")
        moments = [cut, *(pd.Timestamp(change.ts, tz="UTC") for change in changes[5:])]
        before = [log.workspace_at(when, "Panel") for when in moments]
        alone = [log.twin("Panel", "counter").at(when) for when in moments]
        log.retain(cut)
        for when, whole, one in zip(moments, before, alone, strict=True):
            pd.testing.assert_frame_equal(log.workspace_at(when, "Panel"), whole)
            pd.testing.assert_frame_equal(log.twin("Panel", "counter").at(when), one)
        assert log.twin("Panel", "counter").history("state.count")["value"].tolist() == [5, 6, 7, 8]
        panel.state["count"] = 20
    with Workspace.open(tmp_path / "w") as ws:
        assert ws.trilog.twin("Panel", "counter").history("state.count")["value"].tolist() == [5, 6, 7, 8, 20]


def test_migrations_are_applied_once_and_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = f"""
from pathlib import Path
from nexus_jupyter.trilog.database import Database
from nexus_jupyter.trilog.migrate import migrate
database = Database.embedded(Path({str(tmp_path / "ch")!r}))
print(len(migrate(database)), len(migrate(database)))
database.command("INSERT INTO trilog_migrations (version, name) VALUES (999, 'later')")
try: migrate(database)
except Exception as error: print(error.message)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.splitlines()
    assert said[0] == "7 0"
    assert "version 999" in said[1]


def test_a_store_of_before_there_were_views_is_filled_up(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = f"""
from pathlib import Path
from nexus_jupyter.trilog.database import Database
from nexus_jupyter.trilog import migrate
database = Database.embedded(Path({str(tmp_path / "ch")!r}))
first = Path(migrate.__file__).parent / "migrations" / "0001_changes.sql"
for statement in migrate._statements(first.read_text()): database.command(statement)
database.command("INSERT INTO twin_changes (workspace_id, object_type, object_id, field, op, value, ts, seq, trace_id) VALUES ('w', 'Panel', 'p', 'title', 'set', '1', now64(9), 1, 'abc')")
migrate.migrate(database)
for table in ("twin_timeline", "twin_hourly", "trace_index"): print(database.rows(f"SELECT count() FROM {{table}}")[0][0])
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert said == ["1", "1", "1"]


def test_a_server_that_cannot_be_reached_is_told_without_its_password(tmp_path: Path, clickhouse: str) -> None:
    wrong = clickhouse.replace("pass%2Fword", "another%2Fsecret")
    for url in ("http://nexus:topsecret@127.0.0.1:9/x", wrong, "mysql://nexus:topsecret@host/x"):
        with (
            Workspace.open(tmp_path / str(hash(url)), options=WorkspaceOptions(trilog_url=url)) as ws,
            pytest.raises(UnavailableError) as caught,
        ):
            ws.trilog.flush()
        assert "secret" not in str(caught.value)
    assert "secret" not in repr(WorkspaceOptions(trilog_url=wrong))


def test_log_records_of_a_collector_become_twins_where_they_fit(clickhouse: str) -> None:
    """What the Collector's exporter writes, inserted as it does; the Collector itself is not run."""
    from nexus_jupyter.trilog import pii, tracked
    from nexus_jupyter.trilog.database import Database
    from nexus_jupyter.trilog.migrate import migrate
    from nexus_jupyter.trilog.registry import Registry

    class Pump(TwinObject):
        rpm: int = 0
        state: Literal["on", "off"] = "off"
        heat: dict[str, float] = tracked()
        serial: str = pii("")

    database = Database.server(clickhouse)
    migrate(database)
    Registry(database, "c", [Pump.schema_of()])

    def arrive(kind: str, **fields: str) -> None:
        given = {"nexus.workspace.id": "c", "nexus.object.type": kind, "nexus.object.id": "p1", "nexus.seq": "7"}
        given |= {f"nexus.set.{name.replace('__', '.')}": text for name, text in fields.items()}
        database.command(
            "INSERT INTO otel_logs (Timestamp, TraceId, SpanId, Body, LogAttributes) "
            "SELECT now64(9), 'aa', 'bb', 'pump.changed', mapFromArrays({k:Array(String)}, {v:Array(String)})",
            {"k": list(given), "v": list(given.values())},
        )

    arrive("Pump", rpm="900", state='"on"', heat__top="1.5")
    rows = database.rows("SELECT field, value, event_type FROM twin_changes WHERE workspace_id = 'c' ORDER BY field")
    fitting = [("heat.top", "1.5"), ("rpm", "900"), ("state", '"on"')]
    assert [tuple(row) for row in rows] == [(*one, "pump.changed") for one in fitting]
    arrive("Pump", rpm='"fast"', state='"odd"', heat__top="true", serial='"geheim"', nothing="1", rpm__x="1")
    arrive("Engine", rpm="1")
    arrive("Pump", rpm="no JSON")
    assert len(database.rows("SELECT * FROM twin_changes WHERE workspace_id = 'c'")) == len(fitting)
    told = database.rows("SELECT reason, event FROM twin_quarantine WHERE workspace_id = 'c' ORDER BY ts, reason")
    assert [row[0] for row in told] == [
        "'Pump' has no field 'nothing'.",
        "'Pump' has no field 'rpm.x'.",
        "'heat.top' is of a wrong type.",
        "'rpm' is of a wrong type.",
        "'serial' is private and must not be recorded.",
        '\'state\' is none of "on", "off".',
        "There is no kind of twin named 'Engine' in version 1.",
        "'rpm' is no JSON text.",
    ]
    assert not any("geheim" in row[1] for row in told)


def test_a_change_that_does_not_fit_nexus_s_own_model_is_kept_apart(tmp_path: Path, counter: str) -> None:
    from nexus_jupyter.protocol.identity import SYSTEM
    from nexus_jupyter.protocol.patch import Cause, SetOp
    from nexus_jupyter.workspace.writer import Draft

    with Workspace.open(tmp_path / "w") as ws:
        _panel(ws, counter)
        kernel = ws._host.kernel  # type: ignore[attr-defined]
        wrong = SetOp(id="counter", attrs={"title": 5, "nonsense": "x"})
        kernel.writer.submit(lambda _graph: Draft([wrong], SYSTEM, Cause(kind="set"), "counter"))
        assert ws.trilog.quarantine()["reason"].tolist() == [
            "'title' is no string.",
            "'Panel' has no field 'nonsense'.",
        ]
        assert ws.trilog.twin("Panel", "counter").at("now").set_index("field").loc["title", "value"] != 5


def test_what_cannot_be_read_keeps_nothing_else_waiting(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w") as ws:
        ws.trilog.register(Meter)
        spool = ws._host.kernel.trilog._spool  # type: ignore[attr-defined]
        spool.append([{"is": "steps", "steps": {"process": [None]}}])
        ws.trilog.record(Meter(id="m", value=3))
        assert ws.trilog.twin("Meter", "m").at("now")["value"].tolist() == [3]
        assert ws.trilog.quarantine()["kind"].tolist() == ["steps"]


def test_a_line_that_a_power_cut_has_spoiled_keeps_nothing_else_waiting(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w") as ws:
        ws.trilog.register(Meter)
        ws.trilog.record(Meter(id="m", value=3))
        spool = next((tmp_path / "w").rglob("*.jsonl"))
        with spool.open("ab") as file:
            file.write(b"\0\0\0\0{\n[1]\n" + b'{"is": "something"}\n')
        ws.trilog.record(Meter(id="m", value=4))
        assert ws.trilog.twin("Meter", "m").at("now")["value"].tolist() == [4]
        assert len(ws.trilog.quarantine()) == 3


def test_while_the_disk_is_full_work_goes_on_and_what_was_recorded_is_written_when_there_is_room(
    tmp_path: Path,
) -> None:
    import resource

    with Workspace.open(tmp_path / "w") as ws:
        kernel = ws._host.kernel  # type: ignore[attr-defined]
        kernel.trilog.flush()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        spool = max((tmp_path / "w").rglob("*.jsonl"), default=None)
        size = spool.stat().st_size if spool is not None else 0
        log = kernel.trilog
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))  # this process's files end here
        try:
            for number in range(200):
                kernel.recorder.step("PanelExecution", f"{number}", "triggered", "p", actor="ann")
            for _ in range(20):
                with pytest.raises(OSError, match="too large"):
                    log._write_down()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        kernel.recorder.step("PanelExecution", "last", "triggered", "p", actor="ann")
        found = ws.trilog.sql("SELECT count() AS n, uniqExact(instance) AS u FROM process_steps")
        assert found.iloc[0].tolist() == [201, 201]


def test_what_many_short_processes_recorded_waits_until_it_is_too_many_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record(number: int) -> None:
        spool = Spool(tmp_path)
        spool.append([{"is": "step", "number": number}])
        spool.close()

    def kept() -> list[int]:
        return [event["number"] for _, event in SpoolReader(tmp_path).read(Position())[0]]

    for number in range(20):
        record(number)
    assert kept() == list(range(20))
    monkeypatch.setattr(spooling, "_MOST", 200)
    record(20)
    assert kept()[-1] == 20
    assert 0 < len(kept()) < 10


def test_a_spool_is_crowded_by_what_is_in_it_and_not_by_how_often_a_workspace_was_opened(tmp_path: Path) -> None:
    """The history's process, which takes a third of a gigabyte, starts for a spool that is crowded."""
    spool = Spool(tmp_path)
    for number in range(6):
        spool.append([{"at": number}])
        spool.close()
        spool = Spool(tmp_path)
    assert not spool.crowded
    spool.append([{"text": "x" * (1 << 20)} for _ in range(8)])
    assert spool.crowded
    spool.close()
