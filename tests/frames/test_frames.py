"""Frames: what panels may ask, in DuckDB, over real rows."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexus_jupyter.engine import Engine
from nexus_jupyter.frames import FrameStore
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.panel import Build, Ordering
from nexus_jupyter.protocol.stream import AggregateRequest
from nexus_jupyter.reactor import Reactor


@pytest.fixture
def store(tmp_path: Path) -> FrameStore:
    return FrameStore(tmp_path)


def build(engine: Engine, where: str = "", extra: str = "", columns: str = "") -> Build:
    made = Reactor(engine).check(
        '<panel id="p"><data><state name="s" type="any"/><state name="names" type="list[str]"/>'
        f'<frame name="df" from="kernel:df" {columns}/><query name="q" frame="df" {where} {extra}/></data></panel>'
    )
    assert made.ok, made.diagnostics
    return made


def xs(page: Any) -> list[Any]:
    return [row["x"] for row in page.rows()]


def test_rows_are_filtered_by_state_ordered_and_counted(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"x": [3, 1, 2, None], "n": ["a", "b", "a", "c"]}))
    made = build(engine, 'where="s == null or row.n == s"', 'order="x desc"')
    page = store.page(
        made, "q", {"s": "a"}, aggregates=[AggregateRequest(fn="sum", column="x"), AggregateRequest(fn="len")]
    )
    assert (xs(page), page.total, page.aggregates) == ([3, 2], 2, [5.0, 2])
    assert xs(store.page(made, "q", {"s": None}, limit=2, offset=1)) == [2, 1]
    assert xs(store.page(made, "q", {"s": None}, order=[Ordering(column="x")])) == [1, 2, 3, None]
    assert store.page(made, "q", {"s": None}, limit=0).total == 4


def test_groups_distinct_values_and_dates(engine: Engine, store: FrameStore) -> None:
    days = pd.to_datetime(["2020-01-01", "2020-01-09", "2020-03-01"]).to_pydatetime().tolist()
    store.put("df", pa.table({"d": days, "v": [1.0, 2.0, float("nan")], "k": ["b", "a", "b"]}))
    grouped = build(engine, "", 'group="month(row.d) as month" agg="sum(row.v) as v, len() as n"')
    assert store.page(grouped, "q", {}).rows()[0] == {"month": "2020-01", "v": 3.0, "n": 2}
    distinct = build(engine, "", 'distinct="k" prepend="all"')
    assert [row["k"] for row in store.page(distinct, "q", {}).rows()] == ["all", "a", "b"]
    page = store.page(distinct, "df", {})
    assert page.rows()[0]["d"] == "2020-01-01"
    assert page.rows()[2]["v"] is None
    assert [column.type for column in page.columns()] == ["date", "float", "str"]


def test_text_that_the_panel_calls_a_date_is_read_as_one(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"d": ["2020/02/01", "2020-02-03", "no date"]}))
    made = build(engine, "where=\"month(row.d) == '2020-02'\"", columns='columns="d: date"')
    assert [row["d"] for row in store.page(made, "q", {}).rows()] == ["2020-02-01", "2020-02-03"]


@pytest.mark.parametrize("value", ["'; DROP TABLE df; --", '"', "a' OR '1'='1", "\x00", "$1", "{{s}}"])
def test_a_value_is_never_sql(engine: Engine, store: FrameStore, value: str) -> None:
    store.put("df", pa.table({"x": [1, 2], "n": ["a", value]}))
    made = build(engine, 'where="row.n == s"')
    assert xs(store.page(made, "q", {"s": value})) == [2]
    assert store.page(made, "df", {}).total == 2


def test_a_name_is_never_sql(engine: Engine, store: FrameStore) -> None:
    nasty = 'x" FROM (SELECT 1) --'
    store.put("df", pa.table({nasty: [1], "x": [2]}))
    page = store.page(
        build(engine), "q", {}, order=[Ordering(column=nasty)], aggregates=[AggregateRequest(fn="max", column=nasty)]
    )
    assert page.aggregates == [1]


def test_queries_reach_neither_files_nor_the_network(store: FrameStore) -> None:
    for sql in (
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "INSTALL httpfs",
        "SET enable_external_access=true",
    ):
        with pytest.raises(Exception, match=r"(?i)disabled|permission|locked|not allowed"):
            store._database._connection.execute(sql)


def test_what_is_missing_is_named(engine: Engine, store: FrameStore) -> None:
    with pytest.raises(FrameError, match="'df' is not bound"):
        store.page(build(engine), "q", {})
    store.put("df", pa.table({"price": [1]}))
    with pytest.raises(FrameError, match="'prise'"):
        store.page(build(engine, 'where="row.prise == 1"'), "q", {})
    with pytest.raises(FrameError, match="no frame or query 'zz'"):
        store.page(build(engine), "zz", {})
    with pytest.raises(FrameError, match=r"column 'x' of 'bad' has values of the type list"):
        store.put("bad", pa.table({"x": [[1], [2]]}))
    with pytest.raises(FrameError, match="two columns"):
        store.put("bad", pa.table([[1], [2]], names=["x", "x"]))
    with pytest.raises(FrameError, match="no name for a frame"):
        store.put("../bad", pa.table({"x": [1]}))


def test_frames_are_there_after_a_restart_and_equal_rows_have_one_digest(engine: Engine, tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1, 2], "k": pd.Categorical(["a", "b"])})
    first = FrameStore(tmp_path).put("df", pa.table(frame))
    again = FrameStore(tmp_path)
    assert xs(again.page(build(engine), "q", {})) == [1, 2]
    assert again.put("df", pa.table(frame.copy())).digest == first.digest
    assert again.names() == ["df"]


def test_many_threads_ask_at_once(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"x": list(range(1000))}))
    made = build(engine, 'where="row.x < s"')
    wrong = []

    def ask(limit: int) -> None:
        wrong.extend(i for i in range(30) if store.page(made, "q", {"s": limit}).total != limit)

    threads = [threading.Thread(target=ask, args=(n,)) for n in (10, 20, 30, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


CONDITIONS = st.recursive(
    st.sampled_from(
        [
            "row.x > 1",
            "row.x == s",
            "row.x != null",
            "row.n in names",
            "row.n == 'a'",
            "not (row.x <= 0)",
            "row.x % 2 == 0",
            "row.x / 0 == null",
            "(row.x ?? 5) >= 3",
        ]
    ),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=4,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    CONDITIONS,
    st.lists(st.tuples(st.none() | st.integers(-3, 6), st.sampled_from(["a", "b", None])), min_size=1, max_size=8),
    st.integers(-1, 4),
)
def test_the_database_agrees_with_the_browsers_evaluator(
    engine: Engine, tmp_path: Path, where: str, rows: list[Any], s: int
) -> None:
    store = FrameStore(tmp_path)
    records = [{"x": x, "n": n, "i": i} for i, (x, n) in enumerate(rows)]
    store.put(
        "df",
        pa.Table.from_pylist(records, schema=pa.schema([("x", pa.int64()), ("n", pa.string()), ("i", pa.int64())])),
    )
    made = build(engine, f'where="{where.replace("<", "&lt;")}"')
    found = [row["i"] for row in store.page(made, "q", {"s": s, "names": ["a"]}, order=[Ordering(column="i")]).rows()]
    text = (
        '<panel id="p"><view><text id="t">{rows | evaluated}</text></view></panel>'.replace(
            "{rows | evaluated}",
            "".join(f"{{({where.replace('row.', f'r{i}.')}) ? '{i},' : ''}}" for i in range(len(rows))),
        )
        .replace("<=", "&lt;=")
        .replace("<panel", "<panel")
    )
    states = "".join(f'<state name="r{i}" type="any"/>' for i in range(len(rows)))
    text = text.replace(
        "</panel>", f'<data>{states}<state name="s" type="any"/><state name="names" type="list[str]"/></data></panel>'
    )
    state = {f"r{i}": record for i, record in enumerate(records)} | {"s": s, "names": ["a"]}
    html = Reactor(engine).render(text, {"state": state, "pages": [], "aggregates": []}).html
    shown = html.rsplit('data-id="t"', 1)[1].split(">", 1)[1].split("<", 1)[0]
    assert found == [int(part) for part in shown.split(",") if part]
    store.close()
