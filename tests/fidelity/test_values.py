"""Values of Python that go to panels: results of functions, arguments of actions, states. Exactly, or refused at once."""

from __future__ import annotations

import base64
import copy
import dataclasses
import datetime as dt
import decimal
import enum
import json
import pathlib
import pickle
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel, Field

import nexus_jupyter as nexus
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.notebook.exposed import ExposedFunctions
from nexus_jupyter.notebook.values import as_json
from nexus_jupyter.protocol.errors import FrameError

LARGE = 2**53 + 1
BERLIN = ZoneInfo("Europe/Berlin")
NAME = uuid.uuid4()


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    at: dt.date


class Model(BaseModel):
    when: dt.datetime


class Odd:
    """Of a person's own class, and not to be put into words either."""

    def __repr__(self) -> str:
        raise ValueError("no words")


class OddError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def recursive() -> list[Any]:
    made: list[Any] = [1]
    made.append({"inner": made})
    return made


def deep() -> list[Any]:
    made: list[Any] = []
    for _ in range(5000):
        made = [made]
    return made


def endless() -> Iterator[int]:
    while True:
        yield 1


@dataclasses.dataclass
class Broken(dict):  # type: ignore[type-arg]  # a mapping that fails when it is looked at
    def items(self) -> Any:
        raise OddError


INDEXED = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="key"))
#: What is given, and what a panel has of it.
DELIVERED: dict[str, tuple[Any, Any]] = {
    "nothing": (None, None),
    "texts": (["", "日本", np.str_("n")], ["", "日本", "n"]),
    "numbers": ([1, 2.5, True, -0.5], [1, 2.5, True, -0.5]),
    "no numbers": ([float("nan"), float("inf"), np.nan, pd.NA, pd.NaT, np.datetime64("NaT")], [None] * 6),
    "numpy scalars": ([np.int8(1), np.uint64(7), np.float32(0.5), np.bool_(True)], [1, 7, 0.5, True]),
    "numpy moments": ([np.datetime64("2024-01-02"), np.timedelta64(90, "s")], ["2024-01-02T00:00:00", 90.0]),
    "arrays": ({"a": np.arange(3), "b": np.eye(2), "c": np.array(5)}, {"a": [0, 1, 2], "b": [[1, 0], [0, 1]], "c": 5}),
    "arrays of moments": (np.array(["2024-01-02"], "M8[ns]"), ["2024-01-02T00:00:00"]),
    "arrays of objects": (np.array([1, "a", None], object), [1, "a", None]),
    "masked arrays": (np.ma.masked_array([1, 2], [False, True]), [1, None]),
    "days and moments": (
        [dt.date(2024, 1, 2), dt.datetime(2024, 1, 2, 3, tzinfo=BERLIN), dt.time(3, 4), dt.timedelta(minutes=1)],
        ["2024-01-02", "2024-01-02T03:00:00+01:00", "03:04:00", 60.0],
    ),
    "pandas moments": (
        [pd.Timestamp("2024-01-02"), pd.Timedelta("1min"), pd.Period("2024-01", "M"), pd.Interval(0, 5)],
        ["2024-01-02T00:00:00", 60.0, "2024-01-01T00:00:00", "(0, 5]"],
    ),
    "decimals": ([decimal.Decimal("0.1"), decimal.Decimal("12345678901234567890.1")], [0.1, "12345678901234567890.1"]),
    "names": ([NAME, pathlib.PurePosixPath("a/b"), Colour.RED], [str(NAME), "a/b", "red"]),
    "collections": ([(1, 2), {3}, deque([4]), range(2), {"k": 5}.values()], [[1, 2], [3], [4], [0, 1], [5]]),
    "keys": ({1: "a", np.int64(2): "b", Colour.RED: 3, False: 4}, {"1": "a", "2": "b", "red": 3, "false": 4}),
    "days as keys": ({dt.date(2024, 1, 2): 1}, {"2024-01-02": 1}),
    "a dataclass": (Point(1, dt.date(2024, 1, 2)), {"x": 1, "at": "2024-01-02"}),
    "a model": (Model(when=dt.datetime(2024, 1, 2, tzinfo=dt.UTC)), {"when": "2024-01-02T00:00:00+00:00"}),
    "a table": (pd.DataFrame({"x": [1, 2], "y": ["a", None]}), [{"x": 1, "y": "a"}, {"x": 2, "y": None}]),
    "a table with an index": (INDEXED, [{"key": "a", "x": 1}, {"key": "b", "x": 2}]),
    "a table without rows": (INDEXED.iloc[:0], []),
    "a table of all kinds": (
        pd.DataFrame(
            {
                "t": [pd.Timestamp("2024-01-02"), pd.NaT],
                "d": [pd.Timedelta("1s"), pd.NaT],
                "c": pd.cut([1, 7], [0, 5, 10]),
                "o": [1, "a"],
                "n": pd.array([1, None], dtype="Int64"),
                "l": [[1], [2, 3]],
                "u": [NAME, None],
            }
        ),
        [
            {"t": "2024-01-02T00:00:00", "d": 1.0, "c": "(0, 5]", "o": 1, "n": 1, "l": [1], "u": str(NAME)},
            {"t": None, "d": None, "c": "(5, 10]", "o": "a", "n": None, "l": [2, 3], "u": None},
        ],
    ),
    "columns with two headings": (pd.DataFrame({("a", "1"): [1]}), [{"a 1": 1}]),
    "a column": (pd.Series([1.5, np.nan]), [1.5, None]),
    "a column with an index": (pd.Series([1, 2], index=["a", "b"]), {"a": 1, "b": 2}),
    "an index": (pd.Index(["a", "b"]), ["a", "b"]),
    "categories": (pd.Categorical(["b", "a"]), ["b", "a"]),
    "sparse columns": (pd.Series(pd.arrays.SparseArray([0, 0, 3])), [0, 0, 3]),
    "polars": (pl.DataFrame({"x": [1, None], "d": [dt.date(2024, 1, 2)] * 2}), [{"x": 1, "d": "2024-01-02"}, {"x": None, "d": "2024-01-02"}]),
    "a column of polars": (pl.Series([1, None]), [1, None]),
    "arrow": (pa.table({"x": [1], "b": [True]}), [{"x": 1, "b": True}]),
    "a column of arrow": (pa.chunked_array([[1], [None]]), [1, None]),
    "rows in a record": ({"rows": pd.DataFrame({"x": [1]})}, {"rows": [{"x": 1}]}),
}  # fmt: skip
#: What is given, and a part of the sentence that refuses it.
REFUSED: dict[str, tuple[Any, str]] = {
    "bytes": (b"\x89PNG", r"is a bytes, which panels cannot take.*base64"),
    "bytes within": ({"a": [b"x"]}, r"at \['a'\]\[0\] is a bytes"),
    "itself": (recursive(), r"contains itself"),
    "depth": (deep, r"nested"),
    "a generator": (endless, r"is a generator, which panels cannot take.*Give a list"),
    "an iterator": (lambda: iter([1]), r"is a list_iterator, which panels cannot take"),
    "complex": (1j, r"is a complex, which panels cannot take"),
    "a function": (len, r"is a builtin_function_or_method"),
    "a class": (pd.DataFrame, r"is a type, which panels cannot take"),
    "an object": (Odd(), r"is a Odd, which panels cannot take"),
    "keys of several parts": ({("a", 1): 1}, r"has the key \('a', 1\), and keys are text"),
    "keys that read the same": ({1: "a", "1": "b"}, r"two keys that read '1'"),
    "columns of one name": (pd.DataFrame([[1, 2]], columns=["x", "x"]), r"two columns 'x'"),
    "half a character": (["a\ud800"], r"half of a character \(U\+D800\)"),
    "what fails": (Broken(), r"cannot be read"),
}
PANEL = """<panel id="values"><data><state name="any" type="any"/><state name="n" type="int" default="0"/></data><logic>
  <uses cap="kernel.call" why="to try"/>
  <action name="take" params="value: any">return value;</action>
  <action name="ask" params="name: str">return await nx.kernel.call(name);</action>
</logic></panel>"""


def giving(value: Any) -> Callable[[], Any]:
    return lambda: made(value)


def made(value: Any) -> Any:
    """Return a value that can be had only once."""
    return value() if getattr(value, "__module__", None) == __name__ and callable(value) else value


@pytest.mark.parametrize("case", DELIVERED)
def test_what_functions_return_is_delivered_as_it_is(case: str) -> None:
    value, wanted = DELIVERED[case]
    exposed = ExposedFunctions()
    exposed.add(lambda: value, "f")
    assert exposed.call("f", {}).result(30) == wanted


def test_whole_numbers_that_javascript_would_round_are_their_digits() -> None:
    exposed = ExposedFunctions()
    exposed.add(lambda: [2**64, LARGE, -LARGE, np.uint64(2**63), 2**53 - 1], "f")
    assert exposed.call("f", {}).result(30) == [str(2**64), str(LARGE), str(-LARGE), str(2**63), 2**53 - 1]


def test_what_cannot_be_delivered_is_refused_at_once_and_the_next_call_is_served() -> None:
    exposed = ExposedFunctions()
    for case, (value, said) in REFUSED.items():
        exposed.add(giving(value), "f")
        for table in (False, True):
            with pytest.raises(nexus.NexusError, match=f"(?s){said}" if not table else "is wanted") as refused:
                exposed.call("f", {}, table=table).result(30)
            assert "'f'" in str(refused.value), case
    exposed.add(lambda: 1, "f")
    assert exposed.call("f", {}).result(30) == 1


def test_annotations_are_read_where_the_function_stands() -> None:
    def function(day: dt.date, *, of: Later | None = None) -> OnlyForCheckers:  # type: ignore[name-defined]  # noqa: F821
        return [day.year, of]

    exposed = ExposedFunctions()
    with pytest.raises(nexus.NexusError, match="name 'Later' is not defined"):
        exposed.add(function, "f")
    globals()["Later"] = int
    exposed.add(function, "f")
    assert exposed.call("f", {"day": "2024-01-02", "of": 5}).result(30) == [2024, 5]
    with pytest.raises(nexus.NexusError, match="cannot take of"):
        exposed.call("f", {"day": "2024-01-02", "of": "5"}).result(30)
    del globals()["Later"]


def test_a_function_that_raises_what_cannot_be_said_is_told_too() -> None:
    def fail() -> None:
        raise OddError

    async def fail_later() -> None:
        raise OddError("\ud800")

    exposed = ExposedFunctions()
    for function in (fail, fail_later):
        exposed.add(function, "f")
        with pytest.raises(nexus.NexusError, match="'f' raised OddError"):
            exposed.call("f", {}).result(30)


def test_results_and_arguments_and_states_are_the_same_both_ways(ws: Workspace) -> None:
    panel = ws.panel("values", PANEL)
    ws.grant("values", "kernel.call")
    functions = {f"d{i}": (value, wanted) for i, (value, wanted) in enumerate(DELIVERED.values())}
    refused = {f"r{i}": (value, said) for i, (value, said) in enumerate(REFUSED.values())}
    for name, (value, _) in {**functions, **refused}.items():
        ws.expose(giving(value), name=name)
    for name, (value, wanted) in functions.items():
        assert panel.run("ask", name=name).value == wanted
        assert panel.run("take", value=value).value == wanted
        panel.state["any"] = value
        assert panel.state["any"] == wanted
    for name, (value, said) in refused.items():
        with pytest.raises(nexus.HandlerError, match=f"(?s){said}"):
            panel.run("ask", name=name)
        with pytest.raises(nexus.NexusError, match=f"(?s){said}"):
            panel.run("take", value=made(value))
        with pytest.raises(nexus.StateError, match=f"(?s){said}"):
            panel.state["any"] = made(value)
    assert panel.run("ask", name="d0").value is None


def test_large_results_come_both_ways(ws: Workspace) -> None:
    ws.panel("values", PANEL.replace("return await nx.kernel.call(name)", "return (await nx.kernel.call(name)).length"))
    ws.grant("values", "kernel.call")
    ws.expose(lambda: "x" * (5 << 20), name="much")
    assert ws["values"].run("ask", name="much").value == 5 << 20
    ws.expose(lambda: "x" * (9 << 20), name="more")
    with pytest.raises(nexus.HandlerError, match="bytes; 8388608 are allowed"):
        ws["values"].run("ask", name="more")


def test_arguments_are_what_they_are(ws: Workspace) -> None:
    @ws.expose(name="f")
    def function(
        n: int = 0,
        day: dt.date | None = None,
        names: set[str] = frozenset(),
        lax: Annotated[int, Field(strict=False)] = 0,
    ) -> object:
        return [n, day, sorted(names), lax]

    text = PANEL.replace('params="name: str"', 'params="args: any"').replace("call(name)", 'call("f", args)')
    panel = ws.panel("values", text)
    ws.grant("values", "kernel.call")
    assert panel.run("ask", {"n": 4, "day": "2024-01-02", "names": ["a"], "lax": "7"}).value == [
        4,
        "2024-01-02",
        ["a"],
        7,
    ]
    assert panel.run("ask", {"n": np.int64(4), "day": dt.date(2024, 1, 2)}).value == [4, "2024-01-02", [], 0]
    for wrong in ("4", 4.5, True, None, [4]):
        with pytest.raises(nexus.HandlerError, match="'f' cannot take n: Input should be a valid integer, not "):
            panel.run("ask", {"n": wrong})
    with pytest.raises(nexus.HandlerError, match="cannot take day"):
        panel.run("ask", {"day": 5})
    with pytest.raises(nexus.NexusError, match="a parameter of a type that panels cannot give"):
        ws.expose(lambda: None, name="g") and ws.expose(_frames, name="g")


def _frames(df: pd.DataFrame) -> int:
    return len(df)


FRAMES: dict[str, tuple[Any, list[str], list[Any]]] = {
    "rows of different keys": ([{"a": 1}, {"b": "x"}], ["a", "b"], [{"a": 1, "b": None}, {"a": None, "b": "x"}]),
    "an index": (INDEXED, ["key", "x"], [{"key": "a", "x": 1}, {"key": "b", "x": 2}]),
    "no rows": (INDEXED.iloc[:0], ["key", "x"], []),
    "nothing, after rows": ([], ["key", "x"], []),
    "missing moments": (pd.DataFrame({"t": [pd.Timestamp("2024-01-02"), pd.NaT]}), ["t"], [{"t": "2024-01-02T00:00:00"}, {"t": None}]),
    "bins": (pd.DataFrame({"c": pd.cut([1, 7], [0, 5, 10])}), ["c"], [{"c": "(0, 5]"}, {"c": "(5, 10]"}]),
    "values of several kinds": (pd.DataFrame({"o": [1, "a"]}), ["o"], [{"o": "1"}, {"o": "a"}]),
    "large numbers": (pd.DataFrame({"n": [2**64, 1]}, dtype=object), ["n"], [{"n": str(2**64)}, {"n": "1"}]),
    "names": (pd.DataFrame({"u": [NAME, None]}), ["u"], [{"u": str(NAME)}, {"u": None}]),
    "sparse": (pd.DataFrame({"s": pd.arrays.SparseArray([0, 3])}), ["s"], [{"s": 0}, {"s": 3}]),
    "cells of arrays": (pd.DataFrame({"m": [np.eye(2), np.ones((1, 1))]}), ["m"], [{"m": "[[1.0, 0.0], [0.0, 1.0]]"}, {"m": "[[1.0]]"}]),
    "two headings": (pd.DataFrame({("a", "1"): [1]}), ["a 1"], [{"a 1": 1}]),
}  # fmt: skip
FRAME_PANEL = """<panel id="rows"><view><table id="t" data="f"/></view><data><state name="k" type="int" default="0"/>
<frame name="f" from="kernel:rows(k)"/></data><logic><uses cap="kernel.call" target="rows" why="to show"/></logic></panel>"""


def test_tables_that_functions_return_have_all_columns_and_rows(ws: Workspace) -> None:
    cases = list(FRAMES.values())
    panel = ws.panel("rows", FRAME_PANEL)
    ws.grant("rows", "kernel.call", target="rows")
    ws.expose(lambda k: cases[k][0], name="rows")
    for k, (_, columns, rows) in enumerate(cases):
        panel.state["k"] = k
        found = panel.frame("f")
        assert list(found.columns) == columns
        assert as_json(found, "f") == rows


def test_bound_tables_are_the_same_or_refused_in_a_sentence(ws: Workspace) -> None:
    for name, (value, columns, rows) in FRAMES.items():
        if not columns or isinstance(value, list):
            continue
        ws.bind(f=value)
        panel = ws.panel("bound", '<panel id="bound"><data><frame name="f" from="kernel:f"/></data></panel>')
        assert list(panel.frame("f").columns) == columns, name
        assert as_json(panel.frame("f"), "f") == rows
    with pytest.raises(FrameError, match="two columns 'x'"):
        ws.bind(f=pd.DataFrame([[1, 2]], columns=["x", "x"]))


def test_figures_become_pictures_that_a_panel_shows(ws: Workspace) -> None:
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(2, 1))
    axes = figure.subplots()
    axes.plot([1, 2, 3])
    text = """<panel id="plots"><view><image id="i" src="{picture}" alt="A plot"/></view>
    <data><state name="picture" type="str"/></data><logic><uses cap="kernel.call" why="to draw"/>
    <action name="draw">state.picture = await nx.kernel.call("plot");</action></logic></panel>"""
    panel = ws.panel("plots", text)
    ws.grant("plots", "kernel.call")
    for shown in (figure, axes, Image.new("RGB", (4, 4))):
        ws.expose(giving(shown), name="plot")
        panel.state["picture"] = ""
        panel.run("draw")
        picture = str(panel.state["picture"])
        assert base64.b64decode(picture.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
        assert f'src="{picture}"' in panel.html


def test_values_are_frozen_where_they_are_read(ws: Workspace) -> None:
    panel = ws.panel("values", PANEL)
    panel.state["any"] = [1, {"a": [2]}]
    read: Any = panel.state["any"]
    changes: list[Callable[[], object]] = [
        lambda: read.append(5),
        read.sort,
        lambda: read.__setitem__(0, 9),
        read.pop,
        lambda: read[1].update(a=1),
        lambda: read[1].setdefault("b", 1),
        lambda: read[1]["a"].extend([1]),
        lambda: read[1].__delitem__("a"),
    ]
    for change in changes:
        with pytest.raises(TypeError, match=r"Set the whole value: panel\.state\['any'\] = "):
            change()
    assert panel.state["any"] == [1, {"a": [2]}]
    assert json.dumps(read) == '[1, {"a": [2]}]'
    assert isinstance(read, list)
    assert isinstance(read[1], dict)
    copied = copy.deepcopy(read)
    copied[1]["a"].append(3)
    panel.state["any"] = copied
    panel.state["any"] += [4]
    assert panel.state["any"] == [1, {"a": [2, 3]}, 4]
    panel.state["any"] = {"a": 1}
    panel.state["any"] |= {"b": 2}
    assert pickle.loads(pickle.dumps(panel.state["any"])) == {"a": 1, "b": 2}


def test_numbers_are_kept_exactly_or_refused(ws: Workspace) -> None:
    text = PANEL.replace(
        '<state name="n"', '<state name="f" type="float" default="0"/><state name="d" type="date"/><state name="n"'
    )
    panel = ws.panel("values", text)
    panel.state.update(n=np.int64(4), f=np.float32(0.5), d=pd.Timestamp("2024-01-02 03:04", tz="UTC"))
    assert dict(panel.state) == {"any": None, "f": 0.5, "d": "2024-01-02T03:04:00+00:00", "n": 4}
    panel.state["f"] = 2**60
    assert panel.state["f"] == 2**60
    for name, value in (
        ("n", 2**60),
        ("n", 2**64),
        ("f", LARGE),
        ("any", LARGE),
        ("any", [{"a": 2**64 + 1}]),
        ("f", 10**400),
    ):
        with pytest.raises(nexus.StateError, match=r"JavaScript would round|digits as text"):
            panel.state[name] = value
    with pytest.raises(nexus.StateError, match=r"JavaScript would round"):
        panel.run("take", LARGE)
    assert panel.run("take", 2**70).value == 2**70
    for value in ("4", 4.5, True, None):
        with pytest.raises(nexus.StateError, match=r"state\.n must be int"):
            panel.state["n"] = value
