"""The package as people import it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import nexus_jupyter as nexus


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import nexus_jupyter, sys; print([m for m in ('pandas','pyarrow','wasmtime','ipywidgets','chdb','duckdb','tornado') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_every_public_name_is_there_and_documented() -> None:
    for name in nexus.__all__:
        assert getattr(nexus, name).__doc__, name


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="panels"):
        nexus.panels  # noqa: B018 - the access is what is tested


def test_check_fix_and_format_work_without_a_workspace() -> None:
    broken = '<panel id="p"><view><buton id="b" label="x"/></view></panel>'
    assert [finding.code for finding in nexus.check(broken)] == ["NX2002"]
    fixed = nexus.fix(broken)
    assert nexus.check(fixed) == []
    printed = nexus.format(fixed)
    assert nexus.format(printed) == printed


def test_the_component_registry_is_a_table() -> None:
    frame = nexus.components()
    assert {"button", "chart", "table", "diagram"} <= set(frame["name"])


def test_the_lowest_versions_that_are_declared_are_those_that_are_tested() -> None:
    """`make lowest` runs tests with the versions in its lock file."""
    here = Path(__file__).parent
    project = tomllib.loads((here.parent / "pyproject.toml").read_text())["project"]
    extras = [
        one for name, some in project["optional-dependencies"].items() if name not in {"bench", "test"} for one in some
    ]
    declared = [Requirement(one) for one in (*project["dependencies"], *extras) if not one.startswith("nexus-jupyter")]
    tested = dict(line.split("==") for line in (here / "lowest.lock").read_text().splitlines())
    lowest = {
        one.name: next(Version(part.version) for part in one.specifier if part.operator in {">=", "=="})
        for one in declared
    }
    assert {name: Version(tested[name.replace("_", "-")]) for name in lowest} == lowest
