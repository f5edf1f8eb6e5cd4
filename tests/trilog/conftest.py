from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.workspace import WorkspaceOptions

PASSWORD = "pass/word: 1"
KINDS = ("embedded", "server")


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a ClickHouse that is reached over HTTP; see chfront.py for what that covers."""
    command = [
        sys.executable,
        str(Path(__file__).with_name("chfront.py")),
        str(tmp_path_factory.mktemp("ch")),
        json.dumps({"nexus": PASSWORD, "reader": "only"}),
    ]
    front = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert front.stdout is not None
    port = int(front.stdout.readline())
    yield f"http://nexus:pass%2Fword%3A%201@127.0.0.1:{port}/default"
    front.kill()
    front.wait()


@pytest.fixture(scope="module", params=KINDS)
def ws(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace whose history is in the embedded database, then one whose history is in a server."""
    url = request.getfixturevalue("clickhouse") if request.param == "server" else ""
    # The name of the folder is the workspace's: those of several modules are in one server.
    folder = tmp_path_factory.mktemp(f"{request.module.__name__.rpartition('.')[2]}-{request.param}")
    with Workspace.open(folder, options=WorkspaceOptions(trilog_url=url)) as workspace:
        yield workspace
