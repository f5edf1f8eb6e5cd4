"""The walls: a layer imports only from layers below it, and nothing below the server knows Jupyter."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "nexus_jupyter"
LAYERS: dict[str, float] = {
    "protocol": 0,
    "assets": 1,
    "identity": 1,
    "privacy": 1,
    "processes": 1,
    "route": 1,
    "arrow": 2,
    "engine": 2,
    "nog": 2,
    "storage": 2.5,
    "reactor": 3,
    "sandbox": 3,
    "history": 3,
    "trilog": 3,
    "frames": 3,
    "dashboards": 3,
    "ai": 3,
    "workspace": 4,
    "language": 4,
    "mcp": 4.5,
    "assistant": 4.5,
    "server": 5,
    "notebook": 5,
    "doctor": 5,
    "upkeep": 6,
    "reference": 5,
    "limits": 6,
    "demo": 5,
    "benchmarks": 6,
    "cli": 7,
    "__init__": 8,
}
JUPYTER = {"tornado", "jupyter_server", "ipywidgets", "IPython", "anywidget", "jupyter_core", "traitlets"}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, node.lineno))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_layer_imports_only_from_layers_below_it(path: Path) -> None:
    room = room_of(path)
    for module, line in imports(path):
        if not module.startswith("nexus_jupyter.") or "migrations" in path.parts:
            continue
        other = module.split(".")[1]
        assert other == room or LAYERS[other] < LAYERS[room], f"{path}:{line}: {room} may not import {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_below_the_server_knows_jupyter(path: Path) -> None:
    if LAYERS[room_of(path)] >= LAYERS["server"]:
        return
    for module, line in imports(path):
        assert module.split(".")[0] not in JUPYTER, f"{path}:{line}: {module}"


def test_every_room_has_a_layer() -> None:
    assert {room_of(path) for path in FILES} <= set(LAYERS)


def test_a_browser_is_driven_in_the_runs_that_are_for_it() -> None:
    """Its driver runs a loop to the end of the process, in which tests that run one of their own fail."""
    tests = Path(__file__).parent
    script = (tests / "run.sh").read_text(encoding="utf-8")
    folders = [
        tests.parent / name
        for found in re.findall(r"^(?:browser|pages)=\((.*)\)$", script, re.MULTILINE)
        for name in found.split()
    ]
    assert folders
    driving = [
        path
        for path in tests.rglob("test_*.py")
        if re.search(r"\bpage: Page\b|\bbrowser: Browser\b", path.read_text(encoding="utf-8"))
    ]
    assert driving
    assert [path for path in driving if not any(path.is_relative_to(folder) for folder in folders)] == []
