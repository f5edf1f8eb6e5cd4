"""Columns of every type of pandas, numpy, Arrow and polars, and what panels make of them wherever they are shown."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from nexus_jupyter.arrow import read_table, readable_table, tabular
from nexus_jupyter.dashboards import dashboard, prepare
from nexus_jupyter.engine import Engine
from nexus_jupyter.frames import FrameStore
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.pages import AggregateRequest
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.sandbox.values import plain_value
from nexus_jupyter.workspace.rendering import Renderer

BERLIN = ZoneInfo("Europe/Berlin")
LARGE = 2**53 + 1
MIDNIGHTS = pd.date_range("2024-03-01", periods=2, freq="MS", tz="Europe/Berlin")
MOMENTS = [dt.datetime(2024, 1, 2, 3, 4, 5), dt.datetime(2024, 1, 2)]  # noqa: DTZ001 - zoneless on purpose
TEXTS = ["b", "a"]


def arrow(values: list[Any], kind: pa.DataType) -> pa.Table:
    return pa.table({"v": pa.array(values, kind)})


def series(values: Any, **options: Any) -> pd.DataFrame:
    return pd.DataFrame({"v": pd.Series(values, **options)})


#: A frame whose column `v` has two values, and what panels show of them, in their own order.
CASES: dict[str, tuple[Any, list[Any]]] = {
    **{
        f"numpy {kind}": (series(np.array([2, 1], kind)), [2, 1]) for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4")
    },
    "numpy u8": (series(np.array([2, 1], "u8")), [2, 1]),
    **{f"numpy {kind}": (series(np.array([2.5, np.nan], kind)), [2.5, None]) for kind in ("f4", "f8")},
    "numpy infinite": (series(np.array([2.5, np.inf])), [2.5, None]),
    "numpy bool": (series(np.array([True, False])), [True, False]),
    **{
        f"numpy datetime64[{unit}]": (
            series(np.array(["2024-01-02T03:04:05", "2024-01-02"], f"M8[{unit}]")),
            ["2024-01-02T03:04:05Z", "2024-01-02"],
        )
        for unit in ("s", "ms", "us", "ns")
    },
    **{f"pandas {kind}": (series([2, None], dtype=kind), [2, None]) for kind in ("Int8", "Int64", "UInt32", "UInt64")},
    "pandas Float64": (series([2.5, None], dtype="Float64"), [2.5, None]),
    "pandas boolean": (series([True, None], dtype="boolean"), [True, None]),
    "pandas string": (series(["b", None], dtype="string"), ["b", None]),
    "pandas object": (series(["b", None], dtype=object), ["b", None]),
    "pandas large ids": (series([LARGE, -LARGE]), [str(LARGE), str(-LARGE)]),
    "pandas category": (series(TEXTS, dtype="category"), TEXTS),
    "pandas ordered category": (series(pd.Categorical(TEXTS, ["b", "a"], ordered=True)), TEXTS),
    "pandas category of numbers": (series([2, 1], dtype="category"), [2, 1]),
    "pandas cut": (series(pd.cut([12, 7], [0, 5, 10, 15])), ["(10, 15]", "(5, 10]"]),
    "pandas cut by floats": (series(pd.cut([1.5, 0.2], [0, 0.5, 2.25])), ["(0.5, 2.25]", "(0, 0.5]"]),
    "pandas qcut": (series(pd.qcut([1, 9], 2)), ["(0.999, 5]", "(5, 9]"]),
    "pandas interval": (series(pd.arrays.IntervalArray.from_breaks([0, 1, 2])), ["(0, 1]", "(1, 2]"]),
    **{
        f"pandas period {freq}": (series(pd.period_range("2020-01-06", periods=2, freq=freq)), list(shown))
        for freq, shown in {
            "D": ("2020-01-06", "2020-01-07"),
            "W": ("2020-01-06", "2020-01-13"),
            "M": ("2020-01-01", "2020-02-01"),
            "Q": ("2020-01-01", "2020-04-01"),
            "Y": ("2020-01-01", "2021-01-01"),
        }.items()
    },
    "pandas midnights in Berlin": (series(MIDNIGHTS), ["2024-03-01", "2024-04-01"]),
    "pandas midnights in UTC": (series(MIDNIGHTS.tz_localize(None).tz_localize("UTC")), ["2024-03-01", "2024-04-01"]),
    "pandas[pyarrow]": (series(["b", None], dtype=pd.ArrowDtype(pa.string())), ["b", None]),
    **{
        f"arrow {kind}": (arrow([2, None], kind), [2, None])
        for kind in (pa.int8(), pa.int64(), pa.uint16(), pa.uint64())
    },
    **{f"arrow {kind}": (arrow([2.5, None], kind), [2.5, None]) for kind in (pa.float32(), pa.float64())},
    "arrow halffloat": (arrow([np.float16(2.5), None], pa.float16()), [2.5, None]),
    "arrow large ids": (arrow([LARGE, LARGE + 2], pa.int64()), [str(LARGE), str(LARGE + 2)]),
    "arrow decimal": (arrow([decimal.Decimal("2.5"), None], pa.decimal128(5, 2)), [2.5, None]),
    "arrow bool": (arrow([True, None], pa.bool_()), [True, None]),
    **{f"arrow {kind}": (arrow(TEXTS, kind), TEXTS) for kind in (pa.string(), pa.large_string(), pa.string_view())},
    "arrow null": (arrow([None, None], pa.null()), [None, None]),
    **{
        f"arrow {kind}": (arrow([dt.date(2024, 1, 2), None], kind), ["2024-01-02", None])
        for kind in (pa.date32(), pa.date64())
    },
    **{
        f"arrow timestamp[{unit}]": (arrow(MOMENTS, pa.timestamp(unit)), ["2024-01-02T03:04:05Z", "2024-01-02"])
        for unit in ("s", "ms", "us", "ns")
    },
    "arrow timestamp in Berlin": (
        arrow([dt.datetime(2024, 7, 1, tzinfo=BERLIN), None], pa.timestamp("us", "Europe/Berlin")),
        ["2024-07-01", None],
    ),
    "arrow timestamp +05:30": (
        arrow([dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC), None], pa.timestamp("s", "+05:30")),
        ["2024-07-01T17:30:00Z", None],
    ),
    "arrow dictionary": (
        pa.table(
            {"v": pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(TEXTS, pa.large_string()))}
        ),
        TEXTS,
    ),
    "arrow dictionary of views": (
        pa.table(
            {"v": pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.uint32()), pa.array(TEXTS, pa.string_view()))}
        ),
        TEXTS,
    ),
    "arrow ordered dictionary in parts": (
        pa.table(
            {
                "v": pa.chunked_array(
                    [
                        pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), pa.array([text]), ordered=True)
                        for text in TEXTS
                    ]
                )
            }
        ),
        TEXTS,
    ),
}
CASES |= {
    "polars String": (pl.DataFrame({"v": TEXTS}), TEXTS),
    "polars Categorical": (pl.DataFrame({"v": pl.Series(TEXTS, dtype=pl.Categorical)}), TEXTS),
    "polars Enum": (pl.DataFrame({"v": pl.Series(TEXTS, dtype=pl.Enum(TEXTS))}), TEXTS),
    "polars Int64": (pl.DataFrame({"v": [LARGE, None]}), [str(LARGE), None]),
    "polars UInt64": (pl.DataFrame({"v": pl.Series([2, None], dtype=pl.UInt64)}), [2, None]),
    "polars Float32": (pl.DataFrame({"v": pl.Series([2.5, float("nan")], dtype=pl.Float32)}), [2.5, None]),
    "polars Decimal": (pl.DataFrame({"v": [decimal.Decimal("2.5"), None]}), [2.5, None]),
    "polars Boolean": (pl.DataFrame({"v": [True, None]}), [True, None]),
    "polars Date": (pl.DataFrame({"v": [dt.date(2024, 1, 2), None]}), ["2024-01-02", None]),
    "polars Datetime": (pl.DataFrame({"v": MOMENTS}), ["2024-01-02T03:04:05Z", "2024-01-02"]),
    "polars Datetime in Berlin": (
        pl.DataFrame(
            {"v": [dt.datetime(2024, 7, 1, tzinfo=BERLIN), None]}, schema={"v": pl.Datetime("us", "Europe/Berlin")}
        ),
        ["2024-07-01", None],
    ),
    "polars Null": (pl.DataFrame({"v": [None, None]}), [None, None]),
}
PLACES = ["bind", "dashboard", "live table", "static picture", "options", "filters", "nx.frame", "functions"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FrameStore]:
    made = FrameStore(tmp_path)
    yield made
    made.close()


def sent(table: pa.Table) -> pa.Table:
    """Return a table as the server takes it from a kernel."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return read_table(sink.getvalue().to_pybytes())


def test_the_table_says_its_size() -> None:
    print(f"{len(CASES)} types x {len(PLACES)} places: {', '.join(PLACES)}")  # noqa: T201 - shown by pytest -rP
    assert len(CASES) > 50


@pytest.mark.parametrize("case", CASES)
def test_a_type_is_the_same_wherever_it_is_shown(engine: Engine, store: FrameStore, case: str) -> None:
    frame, shown = CASES[case]
    reactor = Reactor(engine)
    renderer = Renderer(reactor, store)
    # Bound, as over the wire.
    store.put("f", sent(readable_table(pa.table(frame))))
    data = '<state name="s" type="any"/><frame name="f" from="kernel:f"/><query name="o" frame="f" distinct="v"/>'
    data += '<query name="q" frame="f" where="row.v == s"/>'
    panel = f'<panel id="p"><view><table id="t" data="f"/><select id="c" options="{{o}}"/></view><data>{data}</data></panel>'
    build = reactor.check(panel)
    page = store.page(build, "f", {}, aggregates=[AggregateRequest(fn="max", column="v")])
    assert [row["v"] for row in page.rows()] == shown  # type: ignore[call-overload, index]  # rows are records
    assert page.aggregates[0] is None or page.aggregates[0] in shown
    # A static picture, and options.
    html = renderer.html(panel, {})
    for value in shown:
        text = {True: "true", False: "false", None: ""}.get(
            value,
            escape(str(value)).replace("T", " ").replace("-", "\u2212" if isinstance(value, int | float) else "-"),
        )
        assert text.removesuffix("Z") in html, value
        if value is not None:
            wanted = escape(str(value) if not isinstance(value, bool) else str(value).lower())
            assert f">{wanted}</option>" in html
    # Filters by each value, as a control gives it.
    for value in shown:
        found = store.page(build, "q", {"s": value}).rows()
        assert [row["v"] for row in found] == [other for other in shown if other == value]  # type: ignore[call-overload, index]
    # Handlers: days and moments are written with their zone, all else is the same.
    rows = [plain_value(row)["v"] for row in store.table("f").to_pylist()]
    if page.columns()[0].type == "date":
        assert [row and row[:10] for row in rows] == [value and value[:10] for value in shown]
    else:
        assert rows == shown
    # Functions.
    wish = "f | pluck('v')", "f | last | get('v')", "f | distinct('v') | len", "f | where('v', '==', s) | len"
    resources = "".join(f'<resource name="r{i}" expr={quoteattr(e)}>It.</resource>' for i, e in enumerate(wish))
    text = f'<panel id="p"><data>{data}</data><logic>{resources}</logic></panel>'
    values = renderer.values(text, "resources", {"s": shown[0]})
    count = shown.count(shown[0])
    assert [values[f"r{i}"] for i in range(len(wish))] == [shown, shown[1], len({*shown}), count]


@pytest.mark.parametrize("case", CASES)
def test_a_dashboard_is_made_of_every_type(engine: Engine, store: FrameStore, case: str) -> None:
    frame, _ = CASES[case]
    made = prepare("f", frame)
    store.put("f", sent(made.table))
    text, build = Reactor(engine).assemble(
        dashboard("d", "f", store.table("f"), called=made.called, omitted=made.omitted)
    )
    assert build.ok, build.diagnostics
    assert 'class="nx-failure"' not in Renderer(Reactor(engine), store).html(text, {})


def test_categories_keep_their_order(engine: Engine, store: FrameStore) -> None:
    bins = pd.cut(pd.Series([12, 7, 3, 12]), [0, 5, 10, 15])
    store.put("f", sent(readable_table(pa.table(pd.DataFrame({"v": bins, "x": [1, 2, 3, 4]})))))
    build = Reactor(engine).check(
        '<panel id="p"><data><frame name="f" from="kernel:f"/><query name="d" frame="f" distinct="v" prepend="all"/>'
        '<query name="g" frame="f" group="row.v as v" agg="sum(row.x) as x"/><query name="s" frame="f" order="v desc"/>'
        '<query name="gg" frame="g" order="v desc" limit="2"/></data></panel>'
    )
    order = ["(0, 5]", "(5, 10]", "(10, 15]"]

    def shown(query: str) -> list[Any]:
        return [row["v"] for row in store.page(build, query, {}).rows()]  # type: ignore[call-overload, index]

    assert shown("d") == ["all", *order]
    assert shown("g") == order
    assert shown("gg") == order[:0:-1]
    assert shown("s") == ["(10, 15]", "(10, 15]", "(5, 10]", "(0, 5]"]
    ends = [AggregateRequest(fn="min", column="v"), AggregateRequest(fn="max", column="v")]
    assert store.page(build, "f", {}, limit=0, aggregates=ends).aggregates == [order[0], order[-1]]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
def test_months_and_days_are_those_of_the_columns_zone(engine: Engine, store: FrameStore, zone: str) -> None:
    days = pd.date_range("2024-01-01", periods=400, freq="D", tz=zone)
    store.put("f", sent(readable_table(pa.table(pd.DataFrame({"d": days, "x": 1})))))
    build = Reactor(engine).check(
        '<panel id="p"><data><state name="day" type="str"/><frame name="f" from="kernel:f"/>'
        '<query name="m" frame="f" group="month(row.d) as m" agg="len() as n"/>'
        '<query name="q" frame="f" where="day(row.d) == day or row.d == day"/></data></panel>'
    )
    months = store.page(build, "m", {}).rows()
    expected = pd.Series(1, index=days.tz_localize(None)).resample("MS").sum()
    assert months == [{"m": f"{at:%Y-%m}", "n": int(n)} for at, n in expected.items()]  # type: ignore[str-format]
    page = store.page(build, "q", {"day": "2024-03-31"})
    assert page.rows() == [{"d": "2024-03-31", "x": 1}]
    assert page.columns()[0].zone == zone
    kept = store.table("f").column("d").to_pylist()
    assert kept[90] == dt.datetime(2024, 3, 31, tzinfo=ZoneInfo(zone))


FAR: dict[str, Any] = {
    "seconds": series(np.array(["12000-01-01", "2024-01-01"], "M8[s]")),
    "before the year 1": series(np.array(["-0044-03-15T10:00", "2024-01-01"], "M8[us]")),
    "beyond microseconds": series(np.array(["300000-01-01", "2024-01-01"], "M8[s]")),
    "days": arrow([3_700_000, None], pa.date32()),
    "days in milliseconds": arrow([3_700_000 * 86_400_000, None], pa.date64()),
    "another day in its zone": arrow(
        [dt.datetime(9999, 12, 31, 23, 30, tzinfo=dt.UTC)], pa.timestamp("us", "Asia/Tokyo")
    ),
}


@pytest.mark.parametrize("case", FAR)
def test_dates_that_no_calendar_here_reaches_are_refused_or_shown_as_text(
    engine: Engine, store: FrameStore, case: str
) -> None:
    with pytest.raises(FrameError, match="outside of the years 1 to 9999"):
        store.put("f", sent(tabular("f", FAR[case])))
    made = prepare("f", FAR[case])
    assert made.table.schema.field("v").type == pa.string()
    store.put("f", sent(made.table))
    tree = dashboard("d", "f", store.table("f"), called=made.called, omitted=made.omitted)
    text, _ = Reactor(engine).assemble(tree)
    assert str(made.table.column("v")[0])[:10] in Renderer(Reactor(engine), store).html(text, {}).replace("\u2212", "-")


def test_the_first_and_the_last_day_are_shown_and_texts_beyond_are_no_dates(engine: Engine, store: FrameStore) -> None:
    store.put("f", arrow([dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59)], pa.timestamp("us")))  # noqa: DTZ001 - zoneless
    store.put("g", arrow(["12000-01-01", "44-03-15 (BC)", "infinity", "2024-01-02"], pa.string()))
    build = Reactor(engine).check(
        '<panel id="p"><data><frame name="f" from="kernel:f"/><frame name="g" from="kernel:g" columns="v: date"/></data></panel>'
    )
    assert [row["v"] for row in store.page(build, "f", {}).rows()] == ["0001-01-01", "9999-12-31T23:59:00Z"]  # type: ignore[call-overload, index]
    assert [row["v"] for row in store.page(build, "g", {}).rows()] == [None, None, None, "2024-01-02"]  # type: ignore[call-overload, index]
