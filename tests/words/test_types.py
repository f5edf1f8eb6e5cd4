"""Every form of a type that the prompt, the reference and the findings name is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nexus_jupyter.ai.prompts import core
from nexus_jupyter.language import check, fix, language

REFERENCE = Path(__file__).parents[2] / "docs" / "nxml.md"


def panel(type_: str) -> str:
    written = type_.replace("<", "&lt;").replace(">", "&gt;")
    return (
        '<panel id="p"><view><text id="t">x</text></view><data><type name="Entry" fields="a: int"/>'
        f'<state name="s" type="{written}"/></data></panel>'
    )


def said() -> dict[str, str]:
    """Return what says which types there are, by who says it."""
    finding = next(one.message for one in check(panel("zzzzzz")) if one.code == "NX3010")
    prompt = core(language())
    found = {"finding": finding, "prompt": prompt, "reference": REFERENCE.read_text(encoding="utf-8")}
    return {name: re.search(r"Types: ([^\n;]*)", text)[1] for name, text in found.items()}  # type: ignore[index]  # each says it


@pytest.mark.parametrize("who", ["finding", "prompt", "reference"])
def test_types_that_are_named_are_types(who: str) -> None:
    names = [name.strip(" `.") for name in said()[who].split(",") if " " not in name.strip(" `.")]
    assert {"str", "list[T]", "dict[T]", "T?"} <= set(names)
    for name in names:
        written = name.replace("T", "Entry")
        assert [one.message for one in check(panel(written)) if one.severity == "error"] == [], name


@pytest.mark.parametrize("type_", ["list<int>", "list<Entry>", "dict < str >", "list<int>?", "list<list<int>>"])
def test_types_as_other_languages_write_them_are_put_right(type_: str) -> None:
    found = [one.message for one in check(panel(type_)) if one.code == "NX3010"]
    assert len(found) == 1
    assert "square brackets" in found[0]
    assert [one for one in check(fix(panel(type_))) if one.severity == "error"] == []
