"""Functions of expressions over frames see the whole frame, or say that they cannot: never a part that looks like all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.frames import FrameStore
from nexus_jupyter.frames.page import plain
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.rendering import Renderer

#: Rows of an expression at a time.
MOST = 1000
SIZES = [0, 1, 999, 1000, 1001, 60_000]
WORDS = ["", "b", "B", "é", "日本", "a\nb", "😀", "～", "'q'", None]


def made(size: int) -> pd.DataFrame:
    """Return rows with nulls, NaN, empty text and characters outside the first plane of Unicode."""
    numbers = np.arange(size)
    values = (numbers * 7919) % 1009 / 8
    return pd.DataFrame(
        {
            "i": pd.array(numbers, dtype="Int64"),
            "x": np.where(numbers % 11 == 3, np.nan, values),
            "n": pd.array([WORDS[i * 7 % 10] for i in range(size)], dtype="string"),
            "b": pd.array([None if i % 5 == 4 else i % 3 == 0 for i in range(size)], dtype="boolean"),
        }
    )


def records(frame: pd.DataFrame) -> list[Any]:
    return [
        {
            name: None if pd.isna(value) else plain(getattr(value, "item", lambda v=value: v)())
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]


def values(column: Any) -> list[Any]:
    return [record["v"] for record in records(pd.DataFrame({"v": column}))]


def by_code_point(frame: pd.DataFrame, column: str, *, ascending: bool = True) -> pd.DataFrame:
    return frame.sort_values(column, ascending=ascending, kind="stable", na_position="last")


def one(found: list[Any], index: int = 0) -> Any:
    return found[index] if -len(found) <= index < len(found) else None


Expected = Callable[[pd.DataFrame], Any]
#: Expressions over a frame `f` and what pandas gives for them: right for frames of any size.
WHOLE: dict[str, Expected] = {
    "f | len": len,
    "f.length": len,
    "f ? 1 : 0": lambda f: int(len(f) > 0),
    "not f": lambda f: len(f) == 0,
    "f and 'some'": lambda f: "some" if len(f) else [],
    "f | sum('x')": lambda f: float(f.x.sum()),
    "f | sum('b')": lambda f: float(f.b.sum()),
    "f | mean('x')": lambda f: plain(float(f.x.mean())),
    "f | min('x')": lambda f: plain(float(f.x.min())),
    "f | max('n')": lambda f: None if f.n.dropna().empty else f.n.dropna().max(),
    "f | min('n')": lambda f: None if f.n.dropna().empty else f.n.dropna().min(),
    "f | where('x', '>', 5) | len": lambda f: int((f.x > 5).sum()),
    "f | where('x', '<=', 5) | len": lambda f: int((f.x <= 5).sum()),
    "f | where('x', '==', null) | len": lambda f: int(f.x.isna().sum()),
    "f | where('n', '!=', 'b') | len": lambda f: int((f.n.fillna("?") != "b").sum()),
    "f | where('n', '==', '') | len": lambda f: int((f.n.fillna("?") == "").sum()),
    "f | where('n', 'contains', 'B') | len": lambda f: int(f.n.fillna("").str.lower().str.contains("b").sum()),
    "f | where('n', 'in', ['b', '日本']) | len": lambda f: int(f.n.isin(["b", "日本"]).sum()),
    "f | where('b', '==', true) | sum('x')": lambda f: float(f.x[f.b.fillna(value=False)].sum()),
    "f | where('x', '>', limit) | where('i', '<', double) | len": lambda f: int(((f.x > 3) & (f.i < 60)).sum()),
    "f | where('x', '>', 5) | max('i')": lambda f: one(values(pd.Series([f.i[f.x > 5].max()]))),
    "(f | where('x', '>', 5)).length": lambda f: int((f.x > 5).sum()),
    "f | where('x', '>', 1e9) ? 1 : 2": lambda _: 2,
    "f | first": lambda f: one(records(f.head(1))),
    "f | first(3)": lambda f: records(f.head(3)),
    "f | first(limit)": lambda f: records(f.head(3)),
    "f | first(0)": lambda _: [],
    "f | first(2000) | len": lambda f: min(2000, len(f)),
    "f | last": lambda f: one(records(f.tail(1))),
    "f | last(3)": lambda f: records(f.tail(3)),
    "f[0]": lambda f: one(records(f.head(1))),
    "f[-1].i": lambda f: one(values(f.i.tail(1))) if len(f) else None,
    "f[limit]": lambda f: one(records(f.iloc[3:4])),
    "f | slice(2, 5)": lambda f: records(f.iloc[2:5]),
    "f | slice(-4, -1)": lambda f: records(f.iloc[-4:-1]),
    "f | slice(998, 1002) | pluck('i')": lambda f: values(f.i.iloc[998:1002]),
    "f | reverse | first(2)": lambda f: records(f.iloc[::-1].head(2)),
    "f | reverse | last": lambda f: one(records(f.head(1))),
    "f | sort('x') | first(5) | pluck('i')": lambda f: values(by_code_point(f, "x").i.head(5)),
    "f | sort('x', true) | first(5) | pluck('i')": lambda f: values(by_code_point(f, "x", ascending=False).i.head(5)),
    "f | sort('x') | last": lambda f: one(records(by_code_point(f, "x").tail(1))),
    "f | sort('n') | first(5) | pluck('i')": lambda f: values(by_code_point(f, "n").i.head(5)),
    "f | sort('n') | sort('b') | last(4) | pluck('i')": lambda f: values(
        by_code_point(by_code_point(f, "n"), "b").i.tail(4)
    ),
    "f | sort('x', true) | first(2000) | sum('x')": lambda f: float(
        by_code_point(f, "x", ascending=False).head(2000).x.sum()
    ),
    "f | distinct('n')": lambda f: values(pd.Series(f.n.unique())),
    "f | distinct('x') | len": lambda f: len(f.x.unique()),
    "f | distinct('i') | len": len,
    "f | distinct('n') | sort": lambda f: values(pd.Series(f.n.unique()).sort_values(na_position="last")),
    "f | where('x', '>', 5) | distinct('n')": lambda f: values(pd.Series(f.n[f.x > 5].unique())),
    "f | pluck('x') | sum": lambda f: float(f.x.sum()),
    "f | pluck('x') | mean": lambda f: plain(float(f.x.mean())),
    "f | pluck('i') | max": lambda f: one(values(pd.Series([f.i.max()]))),
    "f | pluck('i') | len": len,
    "f | pluck('n') | distinct": lambda f: values(pd.Series(f.n.unique())),
    "f | pluck('i') | first": lambda f: one(values(f.i.head(1))),
    "f | pluck('i') | last(2)": lambda f: values(f.i.tail(2)),
    "f | pluck('x') | sort(null, true) | first(3)": lambda f: values(f.x.sort_values(ascending=False).head(3)),
    "f | pluck('i') | contains(59999)": lambda f: len(f) == 60_000,
    "59999 in (f | pluck('i'))": lambda f: len(f) == 60_000,
    "f | find('i', 1000)": lambda f: one(records(f[f.i == 1000])),
    "f | find('n', 'none') | get('i', 'no')": lambda _: "no",
    "q | len": lambda f: int((f.x > 5).sum()),
    "q | where('b', '==', true) | len": lambda f: int(((f.x > 5) & f.b.fillna(value=False)).sum()),
    "q | last | get('i')": lambda f: one(values(by_code_point(f[f.x > 5], "x").i.tail(1))),
    "names | len": lambda f: len(f.n.unique()),
    "names": lambda f: values(pd.Series(f.n.unique()).sort_values(na_position="last")),
    "names | first": lambda f: one(values(pd.Series(f.n.unique()).sort_values(na_position="last"))),
    "names | contains('日本')": lambda f: "日本" in set(f.n.dropna()),
}
#: Those that read all rows at a time: right for as many as an expression reads, and refused for more.
AT_A_TIME: dict[str, Expected] = {
    "f": records,
    "f | where('x', '>', -1)": lambda f: records(f[f.x > -1]),
    "f | sort('x')": lambda f: records(by_code_point(f, "x")),
    "f | reverse": lambda f: records(f.iloc[::-1]),
    "f | slice(0)": records,
    "f | first(60000)": records,
    "f | last(60000)": records,
    "f | pluck('n')": lambda f: values(f.n),
    "f | distinct": records,
    "f | distinct('i')": lambda f: values(f.i),
    "f | pluck('i') | join('-')": lambda f: "-".join(str(i) for i in f.i),
    "f | concat([1]) | len": lambda f: len(f) + 1,
    "f | edges('i', 'n') | len": lambda f: int(f.n.notna().sum()),
    "f == f": lambda _: True,
    "[f] | len": lambda _: 1,
    "f | text | len": lambda _: None,
    "f | where('n', '==', f | len | text) | len": lambda _: 0,
    "f | contains(1)": lambda _: False,
    "f | keys": lambda _: [],
    "f | get(0)": lambda f: one(records(f.head(1))),
    "[1] | concat(f) | len": lambda f: len(f) + 1,
}
#: Functions of values: they have no list to take a part of.
OF_VALUES = frozenset(
    [
        "round",
        "floor",
        "ceil",
        "abs",
        "values",
        "lower",
        "upper",
        "capitalize",
        "trim",
        "replace",
        "split",
        "year",
        "month",
        "day",
        "week",
        "hour",
        "date",
        "number",
        "money",
        "percent",
        "compact",
    ]
)
STATES = '<state name="limit" type="int" default="3"/><computed name="double" expr="limit * 20"/>'


@pytest.fixture(scope="module")
def renderers(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Renderer]]:
    stores = {size: FrameStore(tmp_path_factory.mktemp("frames")) for size in SIZES}
    for size, store in stores.items():
        store.put("f", pa.Table.from_pandas(made(size), preserve_index=False))
    yield {size: Renderer(Reactor(engine), store) for size, store in stores.items()}
    for store in stores.values():
        store.close()


def panel(expressions: list[str], data: str) -> str:
    resources = "".join(f'<resource name="r{i}" expr={quoteattr(e)}>It.</resource>' for i, e in enumerate(expressions))
    return f'<panel id="p"><data>{data}{STATES}</data><logic>{resources}</logic></panel>'


FRAME = (
    '<frame name="f" from="kernel:f"/><query name="q" frame="f" where="row.x &gt; 5" order="x"/>'
    '<query name="names" frame="f" distinct="n"/>'
)


def work(
    renderer: Renderer, table: dict[str, Expected], data: str, state: dict[str, Any]
) -> dict[str, tuple[Any, str]]:
    text = panel(list(table), data)
    build = renderer._reactor.check(text)
    assert build.ok, build.diagnostics
    worked = renderer.worked(text, "resources", state).model_dump()
    return {e: (worked["values"][f"r{i}"], worked["problems"].get(f"r{i}", "")) for i, e in enumerate(table)}


def near(value: Any) -> Any:
    return pytest.approx(value) if isinstance(value, float) else value


@pytest.mark.parametrize("size", SIZES)
def test_functions_of_frames_give_what_pandas_gives(renderers: dict[int, Renderer], size: int) -> None:
    frame = made(size)
    found = work(renderers[size], WHOLE, FRAME, {"limit": 3})
    wrong = {e: (found[e], expected(frame)) for e, expected in WHOLE.items() if found[e] != (near(expected(frame)), "")}
    assert wrong == {}


@pytest.mark.parametrize("size", SIZES)
def test_what_needs_all_rows_at_a_time_has_them_or_says_that_it_has_not(
    renderers: dict[int, Renderer], size: int
) -> None:
    frame = made(size)
    found = work(renderers[size], AT_A_TIME, FRAME, {"limit": 3})
    for expression, expected in AT_A_TIME.items():
        value, problem = found[expression]
        if size <= MOST:
            assert problem == "", expression
            assert expression == "f | text | len" or value == expected(frame), expression
        elif problem:
            assert (value, f"{MOST} is the most" in problem) == (None, True), expression
        else:
            assert value == expected(frame), expression


@pytest.mark.parametrize("size", [0, 1, 999])
def test_a_list_of_the_same_rows_gives_the_same(renderers: dict[int, Renderer], size: int) -> None:
    frame = made(size)
    table = {e: expected for e, expected in (WHOLE | AT_A_TIME).items() if "names" not in e and not e.startswith("q")}
    found = work(renderers[size], table, '<state name="f" type="list[any]"/>', {"f": records(frame)})
    wrong = {
        e: (found[e], expected(frame))
        for e, expected in table.items()
        if e != "f | text | len" and found[e] != (near(expected(frame)), "")
    }
    assert wrong == {}


def test_every_function_of_the_language_is_in_the_tables(engine: Engine) -> None:
    functions = {function["name"] for function in Reactor(engine).language()["functions"]}
    shown = json.dumps([*WHOLE, *AT_A_TIME], ensure_ascii=False)
    assert {name for name in functions - OF_VALUES if f"| {name}" not in shown} == set()


@pytest.mark.parametrize(("size", "said"), [(1000, False), (1001, True), (60_000, True)])
def test_a_picture_says_where_rows_are_left_out(renderers: dict[int, Renderer], size: int, *, said: bool) -> None:
    view = (
        '<column id="c"><text id="t" for="r in f" key="r.i">{r.i}.</text></column>'
        '<text id="u">{f | pluck(\'i\') | join}</text><select id="s" options="{f | pluck(\'i\')}"/>'
    )
    html = renderers[size].html(f'<panel id="p"><view>{view}</view><data>{FRAME}</data></panel>', {})
    assert (">999.</" in html, ">1000.</" in html) == (True, False)
    assert (f"The first 1,000 of {size:,} rows." in html) is said
    assert (html.count(f"needs {size} rows of f at a time") >= 1) is said
    assert ("<option" in html) is not said


def test_a_table_over_a_pipe_has_all_rows(renderers: dict[int, Renderer]) -> None:
    view = '<table id="t" data="{f | sort(\'i\', true)}"/><text id="n" if="f | where(\'i\', \'>\', 59998)">more</text>'
    html = renderers[60_000].html(f'<panel id="p"><view>{view}</view><data>{FRAME}</data></panel>', {})
    assert "60,000" in html
    assert ">59,999<" in html
    assert ">more<" in html
