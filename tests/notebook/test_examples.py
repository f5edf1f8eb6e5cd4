"""The example notebooks run from top to bottom, each in a kernel of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.ipynb")))
def test_an_example_runs_without_a_server(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "examples"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("nexus-workspace", ".ipynb_checkpoints"))
    monkeypatch.setenv("NEXUS_AI_TRANSCRIPTS", str(folder / "transcripts"))
    notebook = nbformat.read(folder / name, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    texts = [str(output.get("data", output)) for cell in notebook.cells for output in cell.get("outputs", ())]
    assert texts
    if name.startswith("02"):
        assert any("denied - The panel" in text and "needs the capability kernel.call" in text for text in texts)
        assert any("rule of thumb" in text for text in texts)
        assert any("'text/plain': 'True'" in text for text in texts)
    if name.startswith("03"):
        assert any("'text/plain': '3'" in text for text in texts)
        assert any("Left in stock" in text and "74" in text for text in texts)
        assert any("As it comes" in text for text in texts)
        assert "order.html" in [path.name for path in folder.iterdir()]
    if name.startswith("04"):
        wrong, right = [text for text in texts if "'discount': 10" in text]
        assert "'vat': 2" in wrong
        assert "'vat': 20" in right
        assert "'hours': 43" in right
        assert any("seasonal" in text and "set off by" in text for text in texts)
    if name.startswith("06"):
        assert any("query.by_region" in text for text in texts)
        assert any("prompt 'A small form to note returns" in text for text in texts)
