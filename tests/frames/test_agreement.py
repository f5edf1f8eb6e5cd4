"""What DuckDB answers is what the browser's evaluator says: random expressions over random rows, both for real."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nexus_jupyter.engine import Engine
from nexus_jupyter.frames import FrameStore
from nexus_jupyter.protocol.panel import Ordering
from nexus_jupyter.reactor import Reactor

STATES = {"s": "any", "t": "any", "names": "list[any]"}
SCHEMA = pa.schema(
    [
        ("i", pa.int64()),
        ("x", pa.int64()),
        ("f", pa.float64()),
        ("n", pa.string()),
        ("b", pa.bool_()),
        ("d", pa.timestamp("us")),
    ]
)
DATES = ["2020-01-01", "2020-02-29", "2020-02-29T12:30:00Z"]
TEXTS = ["", "a", "B", "ab", "0", "2020-02-29", " a "]
VALUES = st.none() | st.booleans() | st.integers(-3, 4) | st.sampled_from([0.5, 2.5, -1.5, *TEXTS, *DATES])

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "x": st.none() | st.integers(-3, 4),
            "f": st.none() | st.sampled_from([0.0, 0.5, -1.5, 2.0, 2.5]),
            "n": st.none() | st.sampled_from(TEXTS),
            "b": st.none() | st.booleans(),
            "d": st.none() | st.sampled_from(DATES),
        }
    ),
    min_size=1,
    max_size=6,
)
NUMBERS = st.recursive(
    st.sampled_from(["row.x", "row.f", "2", "0", "-1.5"]),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "%"]), inner)
        | st.builds("{}({})".format, st.sampled_from(["abs", "floor", "ceil"]), inner)
        | st.builds("(-{})".format, inner)
        | st.builds("({} ?? {})".format, inner, inner)
    ),
    max_leaves=4,
)
ANY = NUMBERS | st.sampled_from(
    [
        "row.n",
        "row.b",
        "row.d",
        "s",
        "t",
        "null",
        "'a'",
        "'2020-02-29'",
        "true",
        "lower(row.n)",
        "trim(row.n)",
        "month(row.d)",
        "day(row.d)",
        "year(row.d)",
        "month(row.n)",
        "week(row.d)",
        "week(row.n)",
        "hour(row.d)",
        "hour(row.n)",
        "text(row.x)",
        "len(row.n)",
        "row.n.length",
        "row.n + row.x",
        "row.n + 'z'",
        "row.d + '!'",
        "row.b + 1",
        "names[0]",
        "names.length",
        "upper(s)",
    ]
)
WHERE = st.recursive(
    ANY
    | st.builds("({} {} {})".format, ANY, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), ANY)
    | st.builds("({} in {})".format, ANY, st.sampled_from(["names", "[row.x, 'a', null, s]", "s", "row.n", "[]"]))
    | st.builds("contains({}, {})".format, st.sampled_from(["row.n", "row.d", "s", "names"]), ANY),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=4,
)


def browser(engine: Engine, where: str, rows: list[dict[str, Any]], state: dict[str, Any]) -> list[int]:
    """Return the rows that the reactor's evaluator keeps, each row being a state."""
    holes = "".join(f"{{({re.sub(r'[$]?row[.]', f'r{i}.', where)}) ? '{i},' : ''}}" for i in range(len(rows)))
    kinds = STATES | {f"r{i}": "any" for i in range(len(rows))}
    states = "".join(f'<state name="{name}" type="{kind}"/>' for name, kind in kinds.items())
    text = f'<panel id="p"><view><text id="t">{escape(holes)}</text></view><data>{states}</data></panel>'
    values = state | {f"r{i}": row for i, row in enumerate(rows)}
    drawn = Reactor(engine).render(text, {"state": values, "pages": [], "aggregates": []}).html
    shown = html.unescape(drawn.rsplit('data-id="t"', 1)[1].split(">", 1)[1].split("<", 1)[0])
    return [int(part) for part in shown.split(",") if part]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("row.n + row.x", [{"x": None, "f": None, "n": None, "b": None, "d": None}], None, None, [])
@given(WHERE, ROWS, VALUES, VALUES, st.lists(VALUES, max_size=3))
def test_a_condition_keeps_the_rows_that_the_browser_would_keep(
    engine: Engine, tmp_path: Path, where: str, rows: list[dict[str, Any]], s: Any, t: Any, names: list[Any]
) -> None:
    # Iso text as a date column holds it; midnight is the day alone in the browser and here.
    moments = pa.array([row["d"] and row["d"].removesuffix("Z") for row in rows], pa.string()).cast(pa.timestamp("us"))
    table = pa.Table.from_pylist([row | {"i": i, "d": None} for i, row in enumerate(rows)], schema=SCHEMA)
    store = FrameStore(tmp_path)
    try:
        store.put("df", table.set_column(5, "d", moments))
        states = "".join(f'<state name="{name}" type="{kind}"/>' for name, kind in STATES.items())
        made = Reactor(engine).check(
            f'<panel id="p"><data>{states}<frame name="df" from="kernel:df"/>'
            f'<query name="q" frame="df" where="{escape(where)}"/></data></panel>'
        )
        assert made.ok, made.diagnostics
        state = {"s": s, "t": t, "names": names}
        found = [row["i"] for row in store.page(made, "q", state, order=[Ordering(column="i")]).rows()]
        assert found == browser(engine, where, rows, state)
    finally:
        store.close()
