"""What all tests share: a real engine, real workspaces in temporary folders, the examples."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.storage import sqlite_url
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions
from tests.lab import browser, forecast, lab, models, page, shot  # noqa: F401  # fixtures are found by import
from tests.postgres import Cluster, cluster

# One commit is judged the same way each time; `make search` looks for what other inputs would show.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")


@pytest.fixture(scope="session", autouse=True)
def account_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the account's key is kept, for this process and those that it starts: not in the person's own folder."""
    folder = tmp_path_factory.mktemp("account")
    os.environ["XDG_DATA_HOME"] = str(folder)
    return folder


EXAMPLES = Path(__file__).parent.parent / "examples"
ANN = Actor(id="ann", name="Ann")
BOB = Actor(id="bob", name="Bob")

COUNTER = """<panel xmlns="urn:nexus:nxml:1" id="counter" title="Counter">
  <view>
    <button id="plus" label="+1" on:press="add(1)"/>
    <text id="value">{count}</text>
  </view>
  <data><state name="count" type="int" default="0" min="0" max="1000000"/></data>
  <logic>
    <action name="add" params="by: int = 1">state.count += by; return state.count;</action>
  </logic>
</panel>
"""


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine.shared()


@pytest.fixture
def kernel(tmp_path: Path, engine: Engine) -> Iterator[WorkspaceKernel]:
    opened = WorkspaceKernel(tmp_path / "ws", engine=engine)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server of the tests' own."""
    server = cluster()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: a file, then one on a server."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "j.db")
    return str(request.getfixturevalue("postgres").database())


@pytest.fixture(params=["sqlite", "postgresql"])
def options(request: pytest.FixtureRequest) -> WorkspaceOptions:
    """Options of a workspace with its journal in its folder, then on a database server; few changes a checkpoint."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    return WorkspaceOptions(database_url=url, checkpoint_every=10)


@pytest.fixture
def ann() -> Actor:
    return ANN


@pytest.fixture
def bob() -> Actor:
    return BOB


@pytest.fixture
def counter() -> str:
    return COUNTER


@pytest.fixture
def examples() -> Path:
    return EXAMPLES
