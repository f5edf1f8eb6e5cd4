"""What Python reads of a panel: computed values, and the rows of queries with the types of their frame."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import nexus_jupyter as nexus
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import FrameError

ROWS = 12_345
PANEL = """<panel id="reading"><data>
  <state name="least" type="int" default="0"/><state name="mine" type="str" default="u" scope="user"/>
  <state name="seen" type="str" default="v" scope="view"/>
  <frame name="f" from="kernel:f"/><frame name="g" from="kernel:g"/><frame name="made" from="kernel:rows(least)"/>
  <query name="some" frame="f" where="row.n &gt;= least" order="n desc"/>
  <query name="days" frame="f" group="row.c as c, day(row.t) as d, row.t as t" agg="sum(row.n) as n"/>
  <computed name="count" expr="some | len"/><computed name="more" expr="count + 1"/><computed name="lost" expr="g | len"/>
  <computed name="hello" expr="mine + seen"/><computed name="given" expr="made | len"/>
</data><logic><uses cap="kernel.call" target="rows" why="to show"/></logic></panel>"""


def table() -> pd.DataFrame:
    numbers = np.arange(ROWS)
    return pd.DataFrame(
        {
            "n": pd.array(np.where(numbers % 7 == 6, None, numbers), dtype="Int64"),
            "whole": numbers.astype("int32"),
            "x": np.where(numbers % 5 == 4, np.nan, numbers / 2),
            "b": pd.array(np.where(numbers % 3 == 2, None, numbers % 2 == 0), dtype="boolean"),
            "s": pd.array([f"t{i % 10}" for i in numbers], dtype="string"),
            "c": pd.Categorical(np.where(numbers % 2, "low", "high"), ["low", "high"], ordered=True),
            # An hour that comes twice is among them.
            "t": pd.date_range("2024-10-26", periods=ROWS, freq="10min", tz="Europe/Berlin").as_unit("us"),
            "day": [dt.date(2024, 1, 1) + dt.timedelta(days=int(i) % 40) for i in numbers],
        }
    )


def test_rows_have_all_that_the_frame_has(ws: Workspace) -> None:
    given = table()
    ws.bind(f=given)
    panel = ws.panel("reading", PANEL)
    kinds = {"n": "Int64", "whole": "int32", "x": "float64", "b": "boolean", "t": "datetime64[us, Europe/Berlin]"}
    for query, expected in (
        ("f", given),
        ("some", given[given["n"] >= 0].sort_values("n", ascending=False, kind="stable")),
    ):
        found = panel.frame(query)
        assert {name: str(found[name].dtype) for name in kinds if name != "n" or query == "f"}.items() <= kinds.items()
        assert list(found["c"].cat.categories) == ["low", "high"]
        assert found["c"].cat.ordered
        pd.testing.assert_frame_equal(found, expected.reset_index(drop=True), check_dtype=False)
    panel.state["least"] = 12_000
    assert len(panel.frame("some")) == int((given["n"] >= 12_000).sum())
    days = panel.frame("days")
    assert list(days["c"].cat.categories) == ["low", "high"]
    assert str(days["t"].dt.tz) == "Europe/Berlin"
    assert days["n"].sum() == given["n"].sum()


def test_values_are_there_or_say_why_not(ws: Workspace) -> None:
    ws.bind(f=table())
    panel = ws.panel("reading", PANEL)
    panel.state["mine"] = "my"
    panel.state["least"] = ROWS - 2
    assert dict(panel.values) == {"least": ROWS - 2, "mine": "my", "count": 2, "more": 3, "hello": "myv"}
    with pytest.raises(FrameError, match=r"'lost' of the panel 'reading' has no value\. The frame 'g' is not bound"):
        panel.values["lost"]
    with pytest.raises(FrameError, match=r"'given' .* ws\.grant|'given' .*kernel\.call"):
        panel.values["given"]
    with pytest.raises(KeyError, match="Its values: least, mine, count, more, hello, given, lost"):
        panel.values["cuont"]
    with pytest.raises(nexus.StateError, match="has the scope view"):
        panel.values["seen"]
    with pytest.raises(FrameError, match="There are: f, g, made, some, days"):
        panel.frame("soem")
    with pytest.raises(FrameError, match="is not bound"):
        panel.frame("g")


def test_rows_of_functions_are_fetched(ws: Workspace) -> None:
    ws.bind(f=table(), g=pd.DataFrame({"a": [1]}))
    panel = ws.panel("reading", PANEL)
    ws.grant("reading", "kernel.call", target="rows")
    ws.expose(lambda least: pd.DataFrame({"k": range(least)}), name="rows")
    panel.state["least"] = 3
    assert list(panel.frame("made")["k"]) == [0, 1, 2]
    panel.state["least"] = 5
    assert panel.values["given"] == 5
    ws.expose(lambda least: 1 / (least - least), name="rows")
    panel.state["least"] = 6
    with pytest.raises(FrameError, match="ZeroDivisionError"):
        panel.values["given"]
