"""The journal as OCEL 2.0: what the standard wants of the two forms, written from its specification.

With ``PM4PY`` in the environment, pm4py reads both, in a virtual environment of its own.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from nexus_jupyter.cli import main
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.trilog.ocel import write_ocel
from nexus_jupyter.workspace import WorkspaceKernel

TYPES = {"string", "time", "integer", "float", "boolean"}
OWN = """<panel id="own"><view><text id="t">{mine}</text></view>
  <data><state name="mine" type="str" default="" scope="user"/></data></panel>"""


@pytest.fixture
def busy(kernel: WorkspaceKernel, ann: Actor, bob: Actor, counter: str) -> WorkspaceKernel:
    kernel.put_panel("counter", counter, ann)
    kernel.execution.start("counter", "add", [2], bob, via="click", element="plus").result()
    kernel.set_state("counter", {"count": 9}, ann)
    kernel.put_panel("own", OWN, ann)
    kernel.set_state("own", {"mine": "secret"}, bob)
    return kernel


def test_the_json_is_what_the_standard_wants(busy: WorkspaceKernel, tmp_path: Path) -> None:
    file = write_ocel(busy.journal.read(), tmp_path / "log.json")
    log = json.loads(file.read_text(encoding="utf-8"))
    assert set(log) == {"objectTypes", "eventTypes", "objects", "events"}
    types = {
        side: {one["name"]: {a["name"]: a["type"] for a in one["attributes"]} for one in log[f"{side}Types"]}
        for side in ("object", "event")
    }
    assert {kind for names in (*types["object"].values(), *types["event"].values()) for kind in names.values()} <= TYPES
    objects = {one["id"]: one for one in log["objects"]}
    assert len(objects) == len(log["objects"])
    assert len({one["id"] for one in log["events"]}) == len(log["events"])
    for side, key in (("object", "objects"), ("event", "events")):
        for one in log[key]:
            assert all(attribute["name"] in types[side][one["type"]] for attribute in one["attributes"])
            assert all(related["objectId"] in objects for related in one["relationships"])
    for event in log["events"]:
        assert datetime.fromisoformat(event["time"]).tzinfo is not None
    for thing in log["objects"]:
        assert all(datetime.fromisoformat(attribute["time"]).tzinfo is not None for attribute in thing["attributes"])
    assert Counter(event["type"] for event in log["events"]) == {"create": 2, "run": 1, "set": 2}
    run = next(event for event in log["events"] if event["type"] == "run")
    words = {related["qualifier"]: related["objectId"] for related in run["relationships"]}
    assert words["by"] == "User:bob"
    assert words["changes"] == "State:counter/state.count"
    assert [a["value"] for a in objects["State:counter/state.count"]["attributes"]] == ["0", "2", "9"]
    assert "secret" not in file.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_standard(busy: WorkspaceKernel, tmp_path: Path) -> None:
    file = write_ocel(busy.journal.read(), tmp_path / "log.sqlite")
    with closing(sqlite3.connect(file)) as database:

        def rows(query: str) -> list[tuple[object, ...]]:
            return database.execute(query).fetchall()

        tables = {str(name) for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {"event", "object", "event_object", "object_object", "event_map_type", "object_map_type"} <= tables
        for side in ("event", "object"):
            mapped = dict(rows(f"SELECT ocel_type, ocel_type_map FROM {side}_map_type"))
            assert {kind for (kind,) in rows(f"SELECT DISTINCT ocel_type FROM {side}")} <= set(mapped)
            assert {f"{side}_{name}" for name in mapped.values()} <= tables
        lost = "SELECT * FROM event_object WHERE ocel_object_id NOT IN (SELECT ocel_id FROM object)"
        assert rows(lost) == []
        values = rows("SELECT ocel_changed_field, value FROM object_State WHERE ocel_id = 'State:counter/state.count'")
        assert values == [(None, None), ("value", "0"), ("value", "2"), ("value", "9")]
        assert rows("SELECT via, element FROM event_run") == [("click", "plus")]


def test_the_command_line_writes_it_from_a_folder(busy: WorkspaceKernel, tmp_path: Path) -> None:
    busy.close()
    assert main(["export", str(busy.folder.root), "--ocel", str(tmp_path / "log.json")]) == 0
    assert len(json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))["events"]) == 5


def test_another_ending_is_refused_and_says_which_are_known(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"\.json or \.sqlite"):
        write_ocel([], tmp_path / "log.csv")


@pytest.mark.skipif(
    not os.environ.get("PM4PY"), reason="set PM4PY=1: pm4py is installed into an environment of its own"
)
@pytest.mark.timeout(600)
def test_pm4py_reads_both_forms(busy: WorkspaceKernel, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "pm4py"], check=True)
    for name, read in (("log.json", "read_ocel2_json"), ("log.sqlite", "read_ocel2_sqlite")):
        file = write_ocel(busy.journal.read(), tmp_path / name)
        code = (
            f"import pm4py; log = pm4py.{read}({str(file)!r}); "
            "print(len(log.events), len(log.objects), *sorted(set(log.events['ocel:activity'])))"
        )
        told = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
        assert told.endswith("create run set"), told
        assert told.startswith("5 "), told
