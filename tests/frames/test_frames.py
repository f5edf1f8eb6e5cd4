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
from nexus_jupyter.protocol.pages import AggregateRequest
from nexus_jupyter.protocol.panel import Build, Ordering
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


def test_a_text_is_compared_with_a_number_without_an_error(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"x": [1, 2], "n": ["1", "a"]}))
    made = build(engine, 'where="row.n == 1 or row.x == s"')
    assert xs(store.page(made, "q", {"s": "2"})) == []
    assert xs(store.page(made, "q", {"s": 2})) == [2]
    assert xs(store.page(made, "q", {"s": [2]})) == []


def test_names_that_differ_by_case_or_look_like_sql_are_columns_like_others(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"x": [1, 2], "X": [30, 40], 'a"; DROP TABLE df; --': [5, 6], "c0": [7, 8]}))
    made = build(engine, 'where="row.X == 40"')
    assert store.page(made, "q", {}).rows() == [{"x": 2, "X": 40, 'a"; DROP TABLE df; --': 6, "c0": 8}]


def test_an_alias_is_never_sql(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"x": [1, 1, 2]}))
    made = build(engine, "", 'group="row.x as x" agg="len() as n"')
    alias = 'n" FROM (SELECT 1) -- $1'
    query = made.queries[0]
    renamed = query.model_copy(update={"agg": [query.agg[0].model_copy(update={"name": alias})]})
    made = made.model_copy(update={"queries": [renamed]})
    assert store.page(made, "q", {}).rows() == [{"x": 1, alias: 2}, {"x": 2, alias: 1}]


def test_no_row_is_on_two_pages(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"x": list(range(5000)), "k": [i % 3 for i in range(5000)]}))
    made = build(engine, "", 'order="k desc"')
    seen = [x for at in range(0, 5000, 500) for x in xs(store.page(made, "q", {}, offset=at, limit=500))]
    assert sorted(seen) == list(range(5000))


def test_a_limit_keeps_the_first_rows_and_a_query_above_counts_these(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"x": [3, 1, 2, 5]}))
    made = build(engine, "", 'order="x desc" limit="2"')
    page = store.page(made, "q", {}, order=[Ordering(column="x")], aggregates=[AggregateRequest(fn="sum", column="x")])
    assert (xs(page), page.total, page.aggregates) == ([3, 5], 2, [8.0])
    assert store.page(made, "q", {}, offset=7).total == 2


def test_numbers_over_no_rows_are_as_in_the_browser(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"x": [1.5]}))
    asked = [AggregateRequest(fn=fn, column="x") for fn in ("len", "sum", "mean", "min", "max")]
    page = store.page(build(engine, 'where="row.x == 2"'), "q", {}, limit=0, aggregates=asked)
    assert page.aggregates == [0, 0.0, None, None, None]
    assert page.rows() == []


def test_what_is_put_first_of_different_values_comes_once_and_may_be_of_another_kind(
    engine: Engine, store: FrameStore
) -> None:
    store.put("df", pa.table({"x": [2, 1, 2]}))
    first = build(engine, "", 'distinct="x" prepend="all"')
    assert xs(store.page(first, "q", {})) == ["all", "1", "2"]
    assert xs(store.page(build(engine, "", 'distinct="x" prepend="2"'), "q", {})) == [2, 1]


def test_text_that_is_no_date_at_all_says_how_to_convert_it(engine: Engine, store: FrameStore) -> None:
    store.put("df", pa.table({"d": ["spring", "autumn"]}))
    with pytest.raises(FrameError, match=r"'d' of 'df' is text that cannot be read as dates(.|\n)*to_datetime"):
        store.page(build(engine, columns='columns="d: date"'), "df", {})


def test_moments_are_written_as_the_browser_writes_them(engine: Engine, store: FrameStore) -> None:
    moments = pa.array([1_600_000_000_000, 1_600_000_000_250], pa.timestamp("ms", tz="Europe/Berlin"))
    store.put("df", pa.table({"d": moments, "e": pa.array([18_000, None], pa.date32())}))
    rows = store.page(build(engine), "df", {}).rows()
    assert rows == [{"d": "2020-09-13T14:26:40Z", "e": "2019-04-14"}, {"d": "2020-09-13T14:26:40.250Z", "e": None}]


def test_a_frame_can_be_bound_anew_while_others_ask(engine: Engine, store: FrameStore) -> None:
    made = build(engine, 'where="row.x >= 0"')
    store.put("df", pa.table({"x": [0]}))
    wrong: list[Any] = []

    def ask() -> None:
        for _ in range(60):
            try:
                page = store.page(made, "q", {}, aggregates=[AggregateRequest(fn="len")])
            except Exception as error:  # noqa: BLE001 - told by the test's thread
                wrong.append(error)
                return
            if page.aggregates != [page.total]:
                wrong.append(page)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for size in range(1, 30):
        store.put("df", pa.table({"x": list(range(size))}))
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.page(made, "q", {}).total == 29


def test_the_same_rows_are_not_written_again_and_a_damaged_file_is_said(
    engine: Engine, store: FrameStore, tmp_path: Path
) -> None:
    store.put("df", pa.table({"x": [1, 2]}))
    before = (tmp_path / "df.arrow").stat().st_ino
    store.put("df", pa.table({"x": pa.chunked_array([[1], [2]])}))
    assert (tmp_path / "df.arrow").stat().st_ino == before
    (tmp_path / "df.arrow").write_bytes(b"no table")
    with pytest.raises(FrameError, match=r"cannot be read(.|\n)*ws\.bind\(df="):
        FrameStore(tmp_path).table("df")
