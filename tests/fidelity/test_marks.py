"""What a chart draws is counted against what is there: every kind, below, at and above what it draws, with gaps and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.workspace import WorkspaceKernel
from tests.amount import SLOW
from tests.conftest import ANN

MOST = 5000
ROWS = [0, 1, 4999, 5000, 5001, 60_000] if SLOW else [0, 1, 5000, 5001]
GROUPS = ["ant", "bee", "cat"]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[WorkspaceKernel]:
    """One workspace for all: each test binds its own rows and makes its own panel."""
    opened = WorkspaceKernel(tmp_path_factory.mktemp("marks") / "ws", engine=engine)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Seen:
    """What a picture shows: marks by series, and what it says."""

    marks: dict[str, int]
    said: str
    html: str

    @property
    def count(self) -> int:
        return sum(self.marks.values())


def table(rows: int, *, nulls: bool, category: bool = False) -> pd.DataFrame:
    chance = np.random.default_rng(7)
    x = [f"c{i % 40}" for i in range(rows)] if category else chance.permutation(rows) * 0.5
    frame = pd.DataFrame({"x": x, "y": chance.normal(size=rows), "g": [GROUPS[i % 3] for i in range(rows)]})
    if nulls:
        frame.loc[frame.index % 10 == 3, "x"] = None
        frame.loc[frame.index % 10 == 7, "y"] = None
    return frame


def seen(kernel: WorkspaceKernel, frame: pd.DataFrame, attributes: str, *, query: str = "", data: str = "df") -> Seen:
    kernel.bind_frame("df", pa.Table.from_pandas(frame, preserve_index=False), ANN)
    declared = f'<frame name="df" from="kernel:df"/>{query}'
    view = f'<chart id="c" data="{data}" {attributes}/>'
    kernel.put_panel("p", f'<panel id="p"><view>{view}</view><data>{declared}</data></panel>', ANN)
    html = kernel.html("p")
    figure = re.search(r"<figure.*?</figure>", html, re.DOTALL)
    assert figure is not None
    found = re.search(r"<svg.*?</svg>", figure[0], re.DOTALL)
    marks: dict[str, int] = {}
    for element in ET.fromstring(found[0]).iter() if found else []:
        names = element.get("class", "").split()
        of = next((name for name in names if name.startswith("nx-series-")), None)
        if of is None:
            continue
        if element.tag.endswith("path") and "nx-line" in names:
            marks[of] = marks.get(of, 0) + len(re.findall("[ML]", (element.get("d") or "").replace("Z", "")))
        elif ("nx-dot" in names and "nx-alone" not in names) or "nx-bar-mark" in names:
            marks[of] = marks.get(of, 0) + 1
    words = re.findall(r'class="nx-(?:chart-note|empty|failure)"[^>]*>([^<]*)<', figure[0])
    return Seen(marks, " ".join(words), figure[0])


def points(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna(subset=["x", "y"])


@pytest.mark.parametrize("by", [False, True], ids=["one", "by"])
@pytest.mark.parametrize("nulls", [False, True], ids=["full", "nulls"])
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("kind", ["scatter", "line", "area", "bar"])
def test_the_marks_are_those_of_the_rows_or_the_picture_says_how_many_are_not(
    kernel: WorkspaceKernel, kind: str, rows: int, *, nulls: bool, by: bool
) -> None:
    frame = table(rows, nulls=nulls)
    found = seen(kernel, frame, f'kind="{kind}" x="x" y="y"{" by=" + chr(34) + "g" + chr(34) if by else ""}')
    there = points(frame)
    if there.empty:
        assert "No data to draw" in found.said
        return
    if rows <= MOST:
        assert found.count == len(there)
        assert " of " not in found.said
    else:
        assert 0 < found.count <= min(MOST, len(there))
        word = "bars" if kind == "bar" else "points"
        if found.count < len(there):
            assert f"{found.count:,} of {len(there):,} {word}" in found.said
    assert len(found.marks) == (there.g.nunique() if by else 1)
    for column, missing in (("x", frame.x.isna().sum()), ("y", (frame.x.notna() & frame.y.isna()).sum())):
        assert (f"{missing:,} row{'' if missing == 1 else 's'} without {column}" in found.said) == bool(missing)


@pytest.mark.parametrize("by", [False, True], ids=["one", "by"])
@pytest.mark.parametrize("nulls", [False, True], ids=["full", "nulls"])
@pytest.mark.parametrize("rows", ROWS)
def test_bars_are_the_sums_of_all_rows(kernel: WorkspaceKernel, rows: int, *, nulls: bool, by: bool) -> None:
    frame = table(rows, nulls=nulls, category=True)
    found = seen(kernel, frame, f'kind="bar" x="x" y="y"{" by=" + chr(34) + "g" + chr(34) if by else ""}')
    there = points(frame)
    if there.empty:
        assert "No data to draw" in found.said
        return
    wanted = there.groupby(["x", "g"] if by else ["x"]).y.sum()
    assert found.count == len(wanted)
    cells = re.findall(r"<tr>(.*?)</tr>", found.html.split("<tbody>")[1])
    values = {
        cell[0]: [float(one) for one in cell[1:] if one]
        for cell in (re.findall("<td>(.*?)</td>", row) for row in cells)
    }
    for x in there.x.unique():
        sums = [wanted[x]] if not by else list(wanted[x])
        assert sorted(values[x]) == pytest.approx(sorted(sums))
    assert ("Each bar is the sum of its rows" in found.said) == (len(there) > len(wanted))


def test_a_sample_has_each_part_of_the_cloud_as_often_as_the_rows(kernel: WorkspaceKernel) -> None:
    chance = np.random.default_rng(3)
    frame = pd.DataFrame({"x": chance.normal(size=100_000), "y": chance.normal(size=100_000)})
    frame["y"] += frame.x
    found = seen(kernel, frame, 'kind="scatter" x="x" y="y"')
    assert "5,000 of 100,000 points are drawn" in found.said
    across = np.array([float(one) for one in re.findall(r'<circle class="nx-dot[^>]* cx="([^"]*)"', found.html)])
    upwards = np.array([float(one) for one in re.findall(r'<circle class="nx-dot[^>]* cy="([^"]*)"', found.html)])
    # A line's thinning would keep the extremes: the spread of the middle half tells.
    for drawn, real in ((across, frame.x), (upwards, frame.y)):
        middle, whole = np.subtract(*np.quantile(drawn, [0.75, 0.25])), drawn.max() - drawn.min()
        real_middle, real_whole = np.subtract(*np.quantile(real, [0.75, 0.25])), real.max() - real.min()
        assert middle / whole == pytest.approx(real_middle / real_whole, rel=0.08)
    assert np.corrcoef(across, upwards)[0, 1] == pytest.approx(-np.corrcoef(frame.x, frame.y)[0, 1], abs=0.03)
    assert seen(kernel, frame, 'kind="scatter" x="x" y="y"').html == found.html, "the same sample each time"


def test_a_line_keeps_every_peak_of_every_group(kernel: WorkspaceKernel) -> None:
    rows = 60_000
    frame = pd.DataFrame({"x": range(rows), "y": 0.0, "g": [GROUPS[i % 3] for i in range(rows)]})
    frame.loc[[600, 30_001, 59_000], "y"] = [900.0, -400.0, 700.0]
    found = seen(kernel, frame.sample(frac=1, random_state=1), 'kind="line" x="x" y="y" by="g"')
    for of, peak in (("0", 900.0), ("1", -400.0), ("2", 700.0)):
        path = re.search(rf'nx-line nx-series-{of}" d="([^"]*)"', found.html)
        assert path is not None
        heights = [float(point.split(",")[1]) for point in re.split("[ML]", path[1])[1:]]
        across = [float(point.split(",")[0]) for point in re.split("[ML]", path[1])[1:]]
        assert across == sorted(across), "from left to right"
        assert max(heights) - min(heights) > 20
        assert (min(heights) < heights[0]) == (peak > 0)


def test_a_line_is_as_fine_where_there_are_few_rows_as_where_there_are_many(kernel: WorkspaceKernel) -> None:
    x = np.concatenate([np.linspace(0, 100, 50_000), np.linspace(100, 1000, 10_000)])
    frame = pd.DataFrame({"x": x, "y": np.random.default_rng(5).normal(size=len(x))}).sample(frac=1, random_state=2)
    found = seen(kernel, frame, 'kind="line" x="x" y="y"')
    path = re.search(r'nx-line nx-series-0" d="([^"]*)"', found.html)
    assert path is not None
    across = np.array([float(point.split(",")[0]) for point in re.split("[ML]", path[1])[1:]])
    assert (across > across.max() / 2).sum() > 0.4 * len(across)


def test_a_gap_in_a_long_line_stays_one(kernel: WorkspaceKernel) -> None:
    frame = pd.DataFrame({"x": range(60_000), "y": np.sin(np.arange(60_000) / 900), "z": 1.0})
    frame.loc[20_000:40_000, "y"] = None
    for y in ("y", "y,z"):
        found = seen(kernel, frame, f'kind="line" x="x" y="{y}"')
        path = re.search(r'nx-line nx-series-0" d="([^"]*)"', found.html)
        assert path is not None
        assert path[1].count("M") == 2


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ('kind="scatter" x="lenght" y="y"', "There is no column &#39;lenght&#39; to draw. Columns: x, y, g."),
        ('kind="line" x="x" y="y,z"', "There is no column &#39;z&#39; to draw."),
        ('kind="bar" x="x" y="y" by="species"', "There is no column &#39;species&#39; to draw."),
        ('kind="bar" x="x" y="g"', "The column &#39;g&#39; has text"),
    ],
)
@pytest.mark.parametrize("rows", [10, 6000])
def test_a_chart_of_what_is_not_there_says_so(kernel: WorkspaceKernel, attributes: str, said: str, rows: int) -> None:
    found = seen(kernel, table(rows, nulls=False), attributes)
    assert said in found.said or said.replace("&#39;", "'") in found.said
    assert not found.marks


@pytest.mark.parametrize("kind", ["scatter", "line", "bar"])
@pytest.mark.parametrize("rows", [300, 6000])
def test_a_group_keeps_its_colour_when_others_are_filtered_away(kernel: WorkspaceKernel, kind: str, rows: int) -> None:
    frame = table(rows, nulls=False)
    attributes = f'kind="{kind}" x="x" y="y" by="g"'
    some = seen(kernel, frame, attributes, query='<query name="q" frame="df" where="row.g != \'ant\'"/>', data="q")
    assert set(some.marks) == {"nx-series-1", "nx-series-2"}
    assert "bee" in some.html
    only = seen(kernel, frame, attributes, query='<query name="q" frame="df" where="row.g == \'cat\'"/>', data="q")
    assert set(only.marks) == {"nx-series-2"}


def test_more_groups_than_lines_are_counted(kernel: WorkspaceKernel) -> None:
    frame = pd.DataFrame({"x": np.arange(60_000) % 4, "y": 1.0, "g": [f"g{i // 4}" for i in range(60_000)]})
    found = seen(kernel, frame, 'kind="line" x="x" y="y" by="g"')
    assert f"{found.count:,} of 60,000 points" in found.said
    assert 1000 < found.count <= MOST
