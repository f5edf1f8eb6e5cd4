"""A table without rows says why there are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.frames import FrameStore
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.rendering import Renderer

LEFT, YET = "No rows are left by the filter. Change it to see some.", "There are no rows yet."
UNBOUND = "The frame &#39;missing&#39; is not bound. In the notebook, run ws.bind(missing=...) with a DataFrame."


@pytest.fixture
def renderer(engine: Engine, tmp_path: Path) -> Iterator[Renderer]:
    store = FrameStore(tmp_path)
    store.put("empty", pa.table({"x": pa.array([], pa.int64())}))
    store.put("full", pa.table({"x": [1, 2]}))
    yield Renderer(Reactor(engine), store)
    store.close()


@pytest.mark.parametrize("scroll", ["", ' scroll="true"'])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("missing", UNBOUND),
        ("missing_left", UNBOUND),
        ("missing | where('x', '>', 0)", UNBOUND),
        ("empty", YET),
        ("empty | sort('x')", YET),
        ("[]", YET),
        ("left", LEFT),
        ("left_too", LEFT),
        ("full | where('x', '>', 9)", LEFT),
        ("wrong", "The query &#39;wrong&#39; uses the column &#39;zz&#39;, which is not there. Columns: x."),
        ("full", None),
    ],
)
def test_a_table_says_why_it_is_empty(renderer: Renderer, data: str, said: str | None, scroll: str) -> None:
    frames = "".join(f'<frame name="{name}" from="kernel:{name}"/>' for name in ("missing", "empty", "full"))
    queries = (
        '<query name="left" frame="full" where="row.x &gt; 9"/><query name="left_too" frame="left" order="x"/>'
        '<query name="missing_left" frame="missing" where="row.x &gt; 9"/>'
        '<query name="wrong" frame="full" where="row.zz &gt; 9"/>'
    )
    table = f'<table id="t"{scroll} data="{data.replace(">", "&gt;")}"/>'
    html = renderer.html(f'<panel id="p"><view>{table}</view><data>{frames}{queries}</data></panel>', {})
    assert [words for words in (LEFT, YET, UNBOUND) if words in html] == [
        words for words in (LEFT, YET, UNBOUND) if words == said
    ]
    assert said is None or said in html
