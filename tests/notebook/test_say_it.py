"""The example about the assistant runs offline, by the answers that come with it, embedded and through a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import nexus_jupyter
from nexus_jupyter.notebook import Workspace
from tests.notebook.conftest import TRANSCRIPTS

NOTEBOOK = TRANSCRIPTS.parent / "06-say-it.ipynb"


def cells() -> list[str]:
    found = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]


def test_the_notebook_tells_its_story_without_a_model(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_AI_TRANSCRIPTS", str(TRANSCRIPTS))
    monkeypatch.setattr(nexus_jupyter, "connect", lambda: ws)
    names: dict[str, Any] = {}
    for cell in cells():
        if cell.startswith("%%nexus"):
            panel, _, wish = cell.removeprefix("%%nexus").partition("\n")
            said = ws.ask(wish.strip(), panel=panel.strip())
            said.accept()
            continue
        exec(cell.removeprefix("%load_ext nexus_jupyter\n"), names)
    text = ws["sales"].nxml
    assert 'order="sales desc"' in text
    assert "by_category" in str(names["edit"].impact["id"].tolist())
    assert 'id="per_hundred"' in text
    assert 'id="distribution"' in text
    assert "The filters leave" in text
    assert ws["returns"].state["noted"] == [{"region": "north", "count": 2}, {"region": "west", "count": 1}]
    assert not [one for one in ws["sales"].diagnostics if one.severity == "error"]
    assert set(names["asked"]["model"].iloc[:3]) == {"written-by-hand"}
    assert "prompt" in str(ws.trilog.cause(int(names["asked"]["rev"].iloc[0])))


def test_the_answers_are_those_that_the_notebook_asks_for_and_no_others() -> None:
    """A transcript whose question is no longer asked is dead; one that is missing fails the test above."""
    wishes = [" ".join("".join(cell).replace('"', " ").split()) for cell in cells()]
    for path in sorted(Path(TRANSCRIPTS).glob("*.json")):
        said = json.loads(path.read_text(encoding="utf-8"))["messages"][-1]["lines"]
        request = " ".join(said[-1].split("The request: ")[-1].split())
        assert any(" ".join(request.split()) in wish.replace("  ", " ") for wish in wishes), request
