"""TriLog over the real embedded database."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import TriLogError
from nexus_jupyter.protocol.trilog import TwinAt


@pytest.fixture
def panel(ws: Workspace, counter: str) -> Any:
    if "counter" in ws:
        ws.delete("counter")
    return ws.panel("counter", counter)


def test_the_past_is_what_it_was_at_random_moments(ws: Workspace, panel: Any) -> None:
    dice = random.Random(7)
    for _ in range(150):
        if dice.random() < 0.7:
            panel.state["count"] = dice.randrange(1000)
        else:
            panel.run("add", by=dice.randrange(5))
    changes = ws._host.changes()
    for moment in dice.sample([change.ts for change in changes if change.panel == "counter"], 25):
        expected: dict[str, Any] = {}
        for change in changes:
            if change.ts > moment:
                break
            for op in change.ops:
                if op.op == "set" and op.id == "counter/state.count" and "value" in op.attrs:
                    expected["state.count"] = op.attrs["value"]
                elif op.op == "insert" and op.entity.id == "counter/state.count":
                    expected["state.count"] = op.entity.attrs["value"]
                elif op.op == "remove" and op.id == "counter":
                    expected.clear()
        rows = ws._host.ask(TwinAt(type="Panel", id="counter", ts=moment)).to_pylist()
        assert {row["field"]: json.loads(row["value"]) for row in rows if row["field"] == "state.count"} == expected


def test_a_change_can_be_asked_for_as_soon_as_it_is_made(ws: Workspace, panel: Any) -> None:
    for value in range(1, 6):
        panel.state["count"] = value
        at = ws.trilog.twin("Panel", "counter").at("now").set_index("field")
        assert at.loc["state.count", "value"] == value
        assert at.loc["state.count", "cause"] == "set"
        assert at.loc["title", "value"] == "Counter"


def test_history_gives_intervals_with_causes(ws: Workspace, panel: Any) -> None:
    panel.run("add", by=3)
    panel.state["count"] = 9
    history = ws.trilog.twin("Panel", "counter").history("state.count").tail(3)
    assert list(history["value"]) == [0, 3, 9]
    assert list(history["cause"]) == ["create by cell", "run add", "set"]
    assert list(history["valid_to"])[:2] == list(history["valid_from"])[1:]
    assert history["valid_to"].isna().tolist()[-1]


def test_killing_the_database_process_loses_nothing_and_doubles_nothing(ws: Workspace, panel: Any) -> None:
    panel.state["count"] = 1
    ws.trilog.sql("select 1")
    for value in (2, 3, 4):
        pid = ws._host.kernel.trilog.process_id  # type: ignore[attr-defined]
        os.kill(pid, signal.SIGKILL)
        panel.state["count"] = value
        assert ws.trilog.twin("Panel", "counter").at("now").set_index("field").loc["state.count", "value"] == value
    counted = ws.trilog.sql("select count() c, uniqExact(seq, object_id, field) u from twin_changes")
    assert counted["c"][0] == counted["u"][0]


def test_spans_of_what_was_done_are_there(ws: Workspace, panel: Any) -> None:
    run = panel.run("add")
    spans = ws.trilog.sql(
        f"select SpanName, SpanAttributes['nexus.panel'] panel from otel_traces where TraceId = '{run.trace_id}'"
    )
    assert spans.to_dict("records") == [{"SpanName": "action.run", "panel": "counter"}]
    ws.history.commit()
    names = set(ws.trilog.sql("select distinct SpanName from otel_traces")["SpanName"])
    assert {"panel.create", "action.run", "workspace.commit"} <= names


@pytest.mark.parametrize(
    "query",
    [
        "select * from file('/etc/passwd')",
        "select * from `file`('/etc/passwd')",
        "select * from \"file\"('/etc/passwd')",
        "select * from /* x */ url('http://127.0.0.1')",
        "select file('/etc/passwd')",
        "drop table twin_changes",
        "select 1; drop table twin_changes",
        "insert into twin_changes values (1)",
        "select 1 into outfile '/tmp/x'",
        "with x as (select 1) select * from executable('id', TSV, 's String')",
        "alter table twin_changes delete where 1",
    ],
)
def test_sql_only_reads_the_history(ws: Workspace, query: str) -> None:
    with pytest.raises(TriLogError):
        ws.trilog.sql(query)


def test_a_wrong_query_is_told_in_a_sentence(ws: Workspace) -> None:
    with pytest.raises(TriLogError, match="nope") as caught:
        ws.trilog.sql("select nope from twin_changes")
    assert "\n" not in caught.value.message
    with pytest.raises(TriLogError, match="is no time"):
        ws.trilog.twin("Panel", "counter").at("whenever")


def test_without_the_database_package_it_says_how_to_get_it(tmp_path: Path) -> None:
    code = (
        "import sys\nfor name in ('chdb', 'clickhouse_connect'): sys.modules[name] = None\n"
        f"sys.argv = ['x', {str(tmp_path / 't')!r}, 'w']\n"
        "from nexus_jupyter.trilog.process import main\nmain()"
    )
    first = json.dumps({"journal": f"sqlite:///{tmp_path / 'j.db'}"}).encode() + b"\n"
    said = subprocess.run([sys.executable, "-c", code], input=first, capture_output=True, check=True)
    answer = json.loads(said.stdout)
    assert answer["code"] == "unavailable"
    assert "pip install 'nexus-jupyter[embedded]'" in answer["hint"]
