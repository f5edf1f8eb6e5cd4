"""The server on PostgreSQL: by traitlet, or by a variable that kernels do not inherit."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.postgres import Cluster, cluster


@pytest.fixture(scope="module")
def database_server() -> Any:
    server = cluster()
    yield server
    server.remove()


@pytest.fixture(params=["traitlet", "variable"])
def url(request: pytest.FixtureRequest, database_server: Cluster, monkeypatch: pytest.MonkeyPatch) -> str:
    made = database_server.database()
    if request.param == "variable":
        monkeypatch.setenv("NEXUS_DATABASE_URL", made)
    return made


@pytest.fixture
def jp_server_config(request: pytest.FixtureRequest, url: str) -> dict[str, Any]:
    given = {} if os.environ.get("NEXUS_DATABASE_URL") else {"database_url": url}
    return {
        "ServerApp": {"jpserver_extensions": {"nexus_jupyter": True}},
        "NexusApp": {**given, "checkpoint_every": 5},
    }


async def test_panels_live_in_the_database_and_nothing_that_kernels_see_opens_it(
    url: str, jp_fetch: Any, jp_serverapp: Any, database_server: Cluster, counter: str
) -> None:
    async def call(method: str, path: str, body: Any = None) -> Any:
        answer = await jp_fetch("nexus", "api", *path.split("/"), method=method, body=None if body is None else json.dumps(body))  # fmt: skip
        return json.loads(answer.body)

    await call("PUT", "panels/counter", {"nxml": counter})
    for value in range(8):
        await call("PUT", "panels/counter/state", {"values": {"count": value}})
    assert "NEXUS_DATABASE_URL" not in os.environ
    assert database_server.run("SELECT count(*), max(rev) FROM journal", url) == [(8, 8)]
    ran = await call("POST", "panels/counter/run/add", {"args": {"by": 2}})
    assert ran["value"] == 9
    jp_serverapp.web_app.settings["nexus"].close()
    assert database_server.run("SELECT max(rev) FROM checkpoints", url) == [(9,)]
    assert database_server.run("SELECT count(*) FROM runs", url) == [(1,)]
    # Opened again on the next request.
    assert (await call("GET", "panels/counter"))["state"] == {"count": 9}
    jp_serverapp.web_app.settings["nexus"].close()
