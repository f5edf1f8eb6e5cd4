"""One workspace in this process, one behind a real server: the same tests run against both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexus_jupyter.benchmarks.lab import jupyterlab
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.notebook.remote import RemoteHost
from nexus_jupyter.route import Route
from tests.ai.scripted import Models

TRANSCRIPTS = Path(__file__).parents[2] / "examples" / "transcripts"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, models: Models) -> Iterator[tuple[str, str]]:
    """URL and kernel token of a running server, as its kernels see them."""
    folder = tmp_path_factory.mktemp("server") / "root"
    folder.mkdir()
    variables = {"NEXUS_AI_URL": models.url, "NEXUS_AI_MODEL": "script-1", "NEXUS_AI_TRANSCRIPTS": str(TRANSCRIPTS)}
    with jupyterlab(folder, variables=variables) as (url, _):
        yield _kernel_environment(url)


def _kernel_environment(url: str) -> tuple[str, str]:
    import httpx

    base, _, token = url.partition("lab?token=")
    headers = {"Authorization": f"token {token}"}
    with httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=60) as client:
        kernel = client.post("api/kernels", json={"name": "python3"}).json()["id"]
        environment = _environment_of(kernel, base, token)
        client.delete(f"api/kernels/{kernel}")
    return environment["NEXUS_SERVER_URL"], environment["NEXUS_KERNEL_TOKEN"]


def _environment_of(kernel: str, base: str, token: str) -> dict[str, str]:
    """Ask a kernel for its environment, the way a notebook would."""
    import json
    import uuid

    import websocket

    url = f"{base.replace('http', 'ws', 1)}api/kernels/{kernel}/channels?token={token}"
    socket = websocket.create_connection(url, http_no_proxy=["*"], timeout=60)
    code = "import os, json; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('NEXUS')}))"
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "username": "",
        "session": uuid.uuid4().hex,
        "version": "5.3",
    }
    socket.send(
        json.dumps(
            {
                "header": header,
                "parent_header": {},
                "metadata": {},
                "content": content,
                "channel": "shell",
                "buffers": [],
            }
        )
    )
    while True:
        message = json.loads(socket.recv())
        if message["msg_type"] == "stream":
            socket.close()
            return dict(json.loads(message["content"]["text"]))


@pytest.fixture(params=["embedded", "server"])
def ws(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    if request.param == "embedded":
        workspace = Workspace.open(tmp_path / "ws")
    else:
        url, token = request.getfixturevalue("server")
        workspace = Workspace(RemoteHost(Route.to(url), token))
        for name in workspace.panels:
            workspace.delete(name)
        # The server's workspace is shared by all tests: a version of one of them is no loss to another.
        workspace.history.commit(without_panels=True)
    yield workspace
    workspace.close()


@pytest.fixture(autouse=True)
def _no_server_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NEXUS_")]:
        monkeypatch.delenv(name)
