"""Panels that name the same thing outside of them (a capability, a frame) come together into a graph that lacks it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.workspace import WorkspaceKernel
from tests.conftest import ANN

SHARED = {
    "a capability": """<panel id="{name}"><data><state name="n" type="int" default="0"/></data><logic>
      <uses cap="fs.read" why="to read"/><action name="a">state.n = 1;</action></logic></panel>""",
    "a frame": """<panel id="{name}"><data><frame name="f" from="kernel:sales" columns="x: int"/></data></panel>""",
}


def no_versions(folder: Path) -> Path:
    """Return the folder as an archive without its versions brings it."""
    shutil.rmtree(folder / ".git")
    shutil.rmtree(folder / ".nexus")
    return folder


def a_clone(folder: Path) -> Path:
    clone = folder.with_name("clone")
    subprocess.run(["git", "clone", "--quiet", str(folder), str(clone)], check=True)
    return clone


@pytest.mark.parametrize("way", [no_versions, a_clone])
@pytest.mark.parametrize("text", SHARED.values(), ids=SHARED)
def test_a_folder_from_elsewhere_gives_both_panels(
    tmp_path: Path, engine: Engine, text: str, way: Callable[[Path], Path]
) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    for name in ("one", "two"):
        kernel.put_panel(name, text.format(name=name), ANN)
    kernel.versions.commit("first", ANN)
    kernel.close()
    kernel = WorkspaceKernel(way(tmp_path / "ws"), engine=engine)
    try:
        assert kernel.panels() == ["one", "two"]
    finally:
        kernel.close()
