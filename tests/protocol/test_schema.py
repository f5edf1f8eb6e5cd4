"""The contracts: generated files are current, values and types agree."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nexus_jupyter.protocol.errors import StateError
from nexus_jupyter.protocol.schema import schema_text
from nexus_jupyter.protocol.types import (
    DictType,
    ListType,
    OptionalType,
    RecordField,
    RecordType,
    ScalarType,
    check_value,
)

JS = Path(__file__).parents[2] / "js"
INT, STR = ScalarType(kind="int"), ScalarType(kind="str")
CARD = RecordType(
    name="Card", fields=[RecordField(name="id", type=STR), RecordField(name="n", type=OptionalType(item=INT))]
)


def test_the_json_schema_is_current() -> None:
    stale = "run `make protocol`"
    assert (JS / "protocol" / "schema.json").read_text(encoding="utf-8") == schema_text(), stale


def test_the_typescript_types_are_current() -> None:
    script = "import('./protocol/generate.mjs').then(async (m) => process.stdout.write(await m.generate()))"
    made = subprocess.run(["node", "-e", script], cwd=JS, capture_output=True, text=True, check=True).stdout
    assert (JS / "protocol" / "index.ts").read_text(encoding="utf-8") == made, "run `make protocol`"


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (INT, 3), (INT, 3.0), (STR, ""), (ScalarType(kind="bool"), False), (ScalarType(kind="float"), 1),
        (ScalarType(kind="date"), "2026-11-23"), (ListType(item=INT), [1, 2]), (DictType(value=STR), {"a": "b"}),
        (OptionalType(item=INT), None), (CARD, {"id": "a"}), (CARD, {"id": "a", "n": 1}), (ScalarType(kind="any"), [{}]),
    ],
)  # fmt: skip
def test_values_that_fit_are_taken(spec: object, value: object) -> None:
    check_value(spec, value, "x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "value", "says"),
    [
        (INT, True, "x must be int"), (INT, 1.5, "x must be int"), (INT, 2**60, "x is 1152921504606846976, which JavaScript would round"), (STR, None, "x must be str"),
        (ScalarType(kind="float"), float("nan"), "x must be float"), (ScalarType(kind="date"), "yesterday", "x must be date"),
        (ListType(item=INT), [1, "2"], "x[1] must be int"), (CARD, {"n": 1}, "x lacks the field 'id'"),
        (CARD, {"id": "a", "z": 1}, "x has a field 'z'"), (DictType(value=INT), {"a": "b"}, "x.a must be int"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused_at_the_innermost_place(spec: object, value: object, says: str) -> None:
    with pytest.raises(StateError, match=says.replace("[", r"\[").replace("]", r"\]")):
        check_value(spec, value, "x")  # type: ignore[arg-type]
