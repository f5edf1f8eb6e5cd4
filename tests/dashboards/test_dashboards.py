"""A dashboard from any table: it checks clean, is printed canonically, and draws."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nexus_jupyter.dashboards import dashboard, frame_name, prepare
from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.api import DashboardBody
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.panel import Build, Node
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace import WorkspaceKernel, put_dashboard
from tests.conftest import ANN


def made(engine: Engine, frame: object, name: str = "sales") -> tuple[str, Build]:
    """Return text and build of a table's dashboard, which is as the printer writes it and without a finding."""
    ready = prepare(name, frame)
    tree = dashboard(name, frame_name(name), ready.table, called=ready.called, omitted=ready.omitted)
    reactor = Reactor(engine)
    text, build = reactor.assemble(tree)
    assert build.diagnostics == [], text
    assert reactor.format(text) == text
    return text, build


def drawn(kernel: WorkspaceKernel, frame: object, name: str = "sales") -> str:
    """Make the dashboard in a workspace, and return its picture."""
    ready = prepare(name, frame)
    kernel.bind_frame(frame_name(name), ready.table, ANN)
    wish = DashboardBody(frame=frame_name(name), called=ready.called, omitted=ready.omitted, via="cell")
    put_dashboard(kernel, name, wish, ANN)
    return kernel.html(name)


def nodes(build: Build, tag: str) -> list[dict[str, str | None]]:
    """Return the attributes of all elements with a tag, in their order."""

    def within(items: list[Node]) -> list[Node]:
        return [one for item in items for one in (item, *within(item.children))]

    found = [node for section in build.sections for node in within(section.children) if node.tag == tag]
    return [{attribute.name: attribute.value for attribute in node.attrs} for node in found]


def sales(rows: int = 500) -> pd.DataFrame:
    chance = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "date": pd.date_range("2024-01-01", periods=rows, freq="D"),
            "region": chance.choice(["north", "south", "west"], rows),
            "sales_eur": chance.gamma(2, 50, rows).round(2),
            "discount_pct": chance.integers(0, 40, rows),
            "order_id": range(1000, 1000 + rows),
            "customer": [f"Customer {i}" for i in range(rows)],
        }
    )


def test_a_sales_table_gets_filters_numbers_charts_and_its_rows(engine: Engine) -> None:
    _, build = made(engine, sales())
    assert build.title == "Sales"
    assert [one["label"] for one in nodes(build, "select")] == ["Region"]
    assert [one["label"] for one in nodes(build, "date")] == ["Date from", "Date to"]
    assert [(one["label"], one.get("unit")) for one in nodes(build, "range")] == [("Sales", "EUR")]
    assert [one["placeholder"] for one in nodes(build, "search")] == ["in Customer"]
    metrics = [(one["label"], one["value"], one.get("unit")) for one in nodes(build, "metric")]
    assert metrics == [
        ("Rows", "{view | len}", None),
        ("Sales", "{view | sum('sales_eur')}", "EUR"),
        ("Mean discount", "{view | mean('discount_pct')}", "%"),
    ]
    assert [one["title"] for one in nodes(build, "chart")] == [
        "Sales by month",
        "Sales by region",
        "Distribution of sales",
        "Sales against discount",
    ]
    assert [tool.name for tool in build.tools] == ["filter_region", "search_rows"]


@pytest.mark.parametrize(
    ("span", "grain"),
    [("20h", "hour"), ("30D", "day"), ("200D", "week"), ("1500D", "month"), ("9000D", "year")],
)
def test_time_is_drawn_by_the_grain_that_its_span_asks_for(engine: Engine, span: str, grain: str) -> None:
    moments = pd.date_range("2020-03-01 05:17", pd.Timestamp("2020-03-01 05:17") + pd.Timedelta(span), periods=60)
    _, build = made(engine, pd.DataFrame({"at": moments, "load": np.arange(60.0)}))
    assert next(one["title"] for one in nodes(build, "chart")) == f"Mean load by {grain}"


def test_filters_work_together_and_every_part_follows_them(kernel: WorkspaceKernel) -> None:
    frame = sales()
    drawn(kernel, frame)
    chosen = {"region": "north", "date_from": "2024-02-01", "date_to": "2024-12-31", "sales_eur_range": [20.0, 120.0]}
    kernel.set_state("sales", chosen, ANN)
    build = kernel.build("sales")
    state = dict(kernel.panel("sales").state)
    rows = kernel.frames.page(build, "view", state, limit=1000).rows()
    day = frame["date"].dt.strftime("%Y-%m-%d")
    wanted = frame[
        (frame["region"] == "north")
        & (day >= "2024-02-01")
        & (day <= "2024-12-31")
        & frame["sales_eur"].between(20, 120)
    ]
    assert sorted(row["order_id"] for row in rows) == sorted(wanted["order_id"])
    by_month = kernel.frames.page(build, "by_month", state).rows()
    assert sum(row["sales_eur"] for row in by_month) == pytest.approx(wanted["sales_eur"].sum())
    bins = kernel.frames.page(build, "sales_eur_bins", state).rows()
    assert sum(row["rows"] for row in bins) == len(wanted)
    kernel.execution.start("sales", "reset", [], ANN).result()
    assert kernel.frames.page(build, "view", dict(kernel.panel("sales").state)).total == len(frame)


def test_a_day_chosen_as_the_end_is_included_whole(kernel: WorkspaceKernel) -> None:
    moments = pd.date_range("2025-05-01", periods=96, freq="h")
    drawn(kernel, pd.DataFrame({"at": moments, "load": range(96)}))
    kernel.set_state("sales", {"at_from": "2025-05-02", "at_to": "2025-05-03"}, ANN)
    assert kernel.frames.page(kernel.build("sales"), "view", dict(kernel.panel("sales").state)).total == 48


def test_the_cell_again_with_new_rows_leaves_edits_alone(kernel: WorkspaceKernel) -> None:
    drawn(kernel, sales(400))
    kernel.edit("sales", kernel.reactor.patch('<patch><set id="count" label="Orders"/></patch>'), ANN)
    drawn(kernel, sales(500))
    assert 'label="Orders"' in kernel.panel("sales").nxml
    assert kernel.versions.conflicts("sales") == []
    assert kernel.frames.page(kernel.build("sales"), "view", dict(kernel.panel("sales").state)).total == 500


def test_the_least_of_something_is_not_minutes(engine: Engine) -> None:
    _, build = made(engine, pd.DataFrame({"temp_min": [1.5, 2.5, 9.0], "wait_min": [3.5, 4.5, 8.0]}))
    metrics = [(one["label"], one.get("unit")) for one in nodes(build, "metric")]
    assert metrics == [("Rows", None), ("Mean temp min", None), ("Mean wait", "min")]


ODD: dict[str, Any] = {
    "no rows": pd.DataFrame({"a": pd.Series([], dtype=float), "b": pd.Series([], dtype=str)}),
    "one column": pd.DataFrame({"a": [3, 1, 2]}),
    "one row": pd.DataFrame({"a": [1], "b": ["x"], "c": [pd.Timestamp("2025-01-01")]}),
    "all null": pd.DataFrame({"a": [None, None], "b": [np.nan, np.nan], "c": [pd.NaT, pd.NaT]}),
    "odd names": pd.DataFrame(
        [[1, 2.5, "a", True, 4, 5, 6]] * 3 + [[2, 3.5, "b", False, 5, 6, 7]] * 3,
        columns=["unit price (€)", 'quo"te\'s', "größe", "in", "__proto__", "売上", "{hole} <b>&amp;"],
    ),
    "duplicate names": pd.DataFrame([[1, 2, "x"], [3, 4, "y"]] * 9, columns=["a", "a", "A"]),
    "names that the dashboard uses": pd.DataFrame(
        {name: range(20) for name in ("rows", "view", "search", "reset", "by_month", "count")}
        | {"table": ["x", "y"] * 10, "filters": ["u", "v"] * 10, "month": pd.date_range("2025-01-01", periods=20)}
    ),
    "numbers as names": pd.DataFrame({0: [1.5, 2.5], 1: ["a", "b"]}),
    "a named index": pd.DataFrame({"v": range(9)}, index=pd.Index(list("abcabcabc"), name="group")),
    "an index of two levels": pd.DataFrame(
        {"v": range(6)}, index=pd.MultiIndex.from_product([["a", "b"], [2023, 2024, 2025]], names=["group", None])
    ),
    "headings of two levels": pd.DataFrame(
        np.arange(12).reshape(4, 3), columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "")])
    ),
    "categories": pd.DataFrame({"c": pd.Categorical(["lo", "hi", None] * 5), "v": range(15)}),
    "truth values": pd.DataFrame({"b": [True, False, None] * 6, "v": range(18)}),
    "spans of time": pd.DataFrame({"took": pd.to_timedelta(range(30), unit="min"), "g": ["a", "b"] * 15}),
    "decimals": pd.DataFrame({"d": [decimal.Decimal("1.10"), decimal.Decimal("2.20"), None] * 5}),
    "nested lists": pd.DataFrame({"tags": [["a", "b"], [], None], "rec": [{"a": 1}, {"a": 2}, None]}),
    "mixed kinds": pd.DataFrame({"m": [1, "two", 3.0, None, b"x"], "v": range(5)}),
    "zones": pd.DataFrame({"at": pd.date_range("2025-01-01", periods=40, freq="h", tz="Asia/Tokyo"), "v": range(40)}),
    "periods": pd.DataFrame({"p": pd.period_range("2025-01", periods=6, freq="M"), "v": range(6)}),
    "times of day": pd.DataFrame({"t": [dt.time(9, 30), dt.time(10)], "v": [1, 2]}),
    "infinite": pd.DataFrame({"x": [np.inf, -np.inf, 1.0, np.nan], "y": [1e308, -1e308, 0.0, 1.0]}),
    "tiny": pd.DataFrame({"x": [1e-9, 2e-9, 3e-9] * 5, "y": [1e15, 1e15 + 1, 1e15 + 2] * 5}),
    "whole numbers without a sign": pd.DataFrame({"u": np.array([2**63 + 5, 1, 2], dtype="uint64")}),
    "early years": pa.table({"d": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31)]), "v": [1, 2]}),
    "a value that is 'all'": pd.DataFrame({"scope": ["all", "some", "none"] * 5, "v": range(15)}),
    "bytes beside numbers": pa.table({"raw": pa.array([b"\xff", b"\x00"]), "v": [1, 2]}),
    "empty texts": pd.DataFrame({"s": ["", " ", "a"] * 5, "v": range(15)}),
    "a series": pd.Series(range(20), name="load"),
}  # fmt: skip


@pytest.mark.parametrize("frame", ODD.values(), ids=ODD.keys())
def test_odd_tables_give_dashboards_that_check_clean_and_draw(
    engine: Engine, kernel: WorkspaceKernel, frame: object
) -> None:
    made(engine, frame)
    picture = drawn(kernel, frame)
    assert 'data-id="count"' in picture
    assert "cannot be answered" not in picture
    build = kernel.build("sales")
    for query in build.queries:
        kernel.frames.page(build, query.name, dict(kernel.panel("sales").state))


def test_of_three_hundred_columns_the_telling_ones_are_shown_and_the_rest_is_said(
    engine: Engine, kernel: WorkspaceKernel
) -> None:
    chance = np.random.default_rng(2)
    wide = pd.DataFrame(chance.normal(size=(200, 298)), columns=[f"x{i}" for i in range(298)])
    wide.insert(150, "region", chance.choice(["a", "b"], 200))
    wide.insert(200, "revenue", chance.gamma(2, 10, 200))
    text, build = made(engine, wide)
    assert "The table shows 12 of 300 columns" in text
    assert len(text) < 6000
    table = nodes(build, "table")[0]["columns"] or ""
    assert {"region", "revenue"} <= set(table.split(", "))
    drawn(kernel, wide)


def test_a_million_rows_make_a_dashboard(kernel: WorkspaceKernel) -> None:
    chance = np.random.default_rng(3)
    count = 1_000_000
    frame = pd.DataFrame(
        {
            "at": pd.date_range("2020-01-01", periods=count, freq="min"),
            "kind": chance.choice(["a", "b", "c"], count),
            "amount": chance.normal(10, 2, count),
        }
    )
    picture = drawn(kernel, frame)
    assert "1M" in picture or "1,000,000" in picture


def test_polars_and_arrow_tables_are_taken_as_they_are(engine: Engine) -> None:
    table = pa.table({"region": ["a", "b"] * 10, "sales": pa.array(range(20))})
    _, build = made(engine, table)
    assert [one["label"] for one in nodes(build, "select")] == ["Region"]

    polars = pytest.importorskip("polars")
    _, same = made(engine, polars.from_arrow(table))
    assert same.view == build.view
    with pytest.raises(FrameError, match="LazyFrame"):
        prepare("sales", polars.from_arrow(table).lazy())


def test_what_is_no_table_is_refused_in_a_sentence() -> None:
    with pytest.raises(FrameError, match="'sales' is a int: neither the text of a panel nor a table"):
        prepare("sales", 3)
    with pytest.raises(FrameError, match="no columns that a dashboard could show"):
        prepare("sales", pd.DataFrame())


NAMES = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    [
        "rows",
        "view",
        "row",
        "in",
        "date",
        "price_eur",
        "id",
        "year",
        "a b",
        "Total (kg)",
        "'",
        '"',
        "{x}",
        "constructor",
    ]
)
COLUMNS = st.sampled_from(
    [
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.integers(0, 5),
        st.none() | st.floats(),
        st.none() | st.floats(0, 1),
        st.none() | st.booleans(),
        st.none() | st.text(st.characters(codec="utf-8"), max_size=6),
        st.none() | st.sampled_from(["a", "b", "all", "it's", '"', "{x}"]),
        st.none() | st.datetimes(),
        st.none() | st.dates(),
        st.none() | st.timedeltas(),
        st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=2, max_value=10**9, min_value=-(10**9)),
        st.lists(st.integers(0, 3), max_size=3),
        st.none(),
    ]
)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 20))
    kinds = draw(st.lists(COLUMNS, min_size=1, max_size=6))
    columns = [draw(st.lists(kind, min_size=rows, max_size=rows)) for kind in kinds]
    names = draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds)))
    frame = pd.concat([pd.Series(values, dtype=object) for values in columns], axis=1)
    frame = frame if draw(st.booleans()) else frame.infer_objects()
    frame.columns = pd.Index(names)
    return frame


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@example(pd.DataFrame({"": [0.0, 1.78e308]}))
@example(pd.DataFrame({"a": [-1.7e308, 1.7e308], "b": [0.0, 5e-324]}))
@given(frames())
def test_whatever_the_table_the_dashboard_checks_clean_and_draws(
    engine: Engine, kernel: WorkspaceKernel, frame: pd.DataFrame
) -> None:
    made(engine, frame)
    assert 'data-id="count"' in drawn(kernel, frame)
    build = kernel.build("sales")
    for query in build.queries:
        kernel.frames.page(build, query.name, dict(kernel.panel("sales").state))
