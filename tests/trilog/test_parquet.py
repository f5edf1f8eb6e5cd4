"""The history as Parquet files says what SQL says, in any number of pages, and nothing private."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.notebook.parquet import write_parquet
from nexus_jupyter.trilog import TwinObject, pii

SECRET = "geheim-4711"
SQL = {
    "changes": "select object_type type, object_id id, field, value, ts, actor_id actor, trace_id from twin_changes",
    "steps": "select process, instance, step, ts, panel, actor_id actor, trace_id from process_steps",
    "spans": "select TraceId trace_id, SpanId span_id, SpanName name, Duration duration_ns from otel_traces",
}


class Valve(TwinObject):
    open: bool = False
    serial: str = pii("")


@pytest.fixture
def filled(ws: Workspace, counter: str) -> Workspace:
    panel = ws.panel("counter", counter)
    ws.trilog.register(Valve)
    for _ in range(4):
        panel.run("add")
        ws.trilog.record(Valve(id="v", open=True, serial=SECRET))
    return ws


def same(read: pd.DataFrame, asked: pd.DataFrame) -> bool:
    columns = list(asked.columns)
    one, other = (frame[columns].astype(str).sort_values(columns, ignore_index=True) for frame in (read, asked))
    pd.testing.assert_frame_equal(one, other)
    return True


@pytest.mark.parametrize("page", [3, None])
def test_the_files_say_what_sql_says(filled: Workspace, tmp_path: Path, page: int | None) -> None:
    if page is None:
        folder = filled.trilog.to_parquet(tmp_path / "out")
    else:  # as many pages as a long history has
        folder = write_parquet(filled._host.trilog, tmp_path / "out", None, None, page)
    assert sorted(path.name for path in folder.iterdir()) == ["changes.parquet", "spans.parquet", "steps.parquet"]
    for name, query in SQL.items():
        read = pq.read_table(folder / f"{name}.parquet").to_pandas()
        assert len(read) > 3, name
        # Asking leaves no trace of its own.
        assert same(read, filled.trilog.sql(query)), name
        assert SECRET.encode() not in (folder / f"{name}.parquet").read_bytes()
        assert SECRET not in read.to_csv()


def test_only_what_was_meanwhile_is_written(filled: Workspace, tmp_path: Path) -> None:
    times = filled.trilog.sql("select distinct ts from twin_changes order by ts")["ts"]
    since, until = times.iloc[2], times.iloc[5]
    folder = filled.trilog.to_parquet(tmp_path / "out", since, until)
    read = pq.read_table(folder / "changes.parquet").to_pandas()
    assert sorted(set(read["ts"])) == list(times.iloc[2:5])
    nothing = filled.trilog.to_parquet(tmp_path / "empty", "2001-01-01", "2001-01-02")
    assert pq.read_table(nothing / "changes.parquet").num_rows == 0
