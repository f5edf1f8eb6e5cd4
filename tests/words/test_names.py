"""The rule of panel names is said where a name is refused, with a name that would do, and is the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from nexus_jupyter.language import check, fix, language
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.workspace.panels import NAME_RULE

FRAME = pd.DataFrame({"region": ["north", "south"] * 9, "sales": range(18)})
NAMES = {
    "my panel": "my-panel",
    "2026": "panel-2026",
    "Verkäufe": "Verkaufe",
    "a/b": "a-b",
    "": "panel",
    "x" * 101: "x" * 60,
}


def test_there_is_one_rule() -> None:
    assert language()["nameRule"] == NAME_RULE
    assert NAME_RULE in (Path(__file__).parents[2] / "docs" / "nxml.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_none_is_refused_with_one_that_would_do(tmp_path: Path, name: str) -> None:
    text = f'<panel xmlns="urn:nexus:nxml:1" id="{name}"><view><text id="t">x</text></view></panel>'
    would = NAMES[name]
    with Workspace.open(tmp_path / "ws") as ws:
        for source in (text, FRAME):
            with pytest.raises(NexusError) as caught:
                ws.panel(name, source)
            told = str(caught.value)
            assert NAME_RULE in told
            assert f"'{would}' would do." in told
        assert ws.panels == []
        ws.panel(would, FRAME)
        ws.panel(would, fix(text))
    found = [one for one in check(text) if one.code in {"NX2016", "NX2009"}]
    assert len(found) == 1
    assert re.search(r'id="([^"]*)"', fix(text))[1] == would  # type: ignore[index]  # it has one


def test_a_text_of_another_panel_is_told_apart(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "ws") as ws, pytest.raises(NexusError, match="is that of the panel 'a'"):
        ws.panel("b", '<panel id="a"><view/></panel>')
