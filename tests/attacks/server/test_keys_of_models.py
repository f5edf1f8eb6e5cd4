"""Keys of language models in the environment of the server.

Attacker: code in a notebook, such as of somebody who was let in to edit. Way in: a kernel inherits the server's
environment. What must hold: keys that were given to Nexus are not in it; the server itself still has them.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from nexus_jupyter.ai import endpoints, endpoints_from_environment
from nexus_jupyter.ai.endpoints import resolved_key

KEY = "sk-canary-of-the-server-4711"


@pytest.fixture(params=["variables", "list"])
def jp_server_config(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(endpoints, "_withheld", {})
    monkeypatch.setenv("OPENAI_API_KEY", "of other programs")
    given: dict[str, Any] = {"ServerApp": {"jpserver_extensions": {"nexus_jupyter": True}}}
    if request.param == "variables":
        monkeypatch.setenv("NEXUS_AI_URL", "http://127.0.0.1:9/v1")
        monkeypatch.setenv("NEXUS_AI_MODEL", "m")
        monkeypatch.setenv("NEXUS_AI_KEY", KEY)
    else:
        monkeypatch.setenv("MY_KEY", KEY)
        one = {"name": "m", "url": "http://127.0.0.1:9/v1", "model": "m", "key": "env:MY_KEY"}
        given["NexusApp"] = {"ai_endpoints": [one]}
    return given


async def test_kernels_do_not_inherit_them(jp_serverapp: Any) -> None:
    assert KEY not in os.environ.values()
    assert os.environ["OPENAI_API_KEY"] == "of other programs"
    served = jp_serverapp.web_app.settings["nexus"]._router()._served
    assert [resolved_key(one.endpoint) for one in served.values()] == [KEY]
    if "NEXUS_AI_MODEL" in os.environ:
        assert resolved_key(endpoints_from_environment()[0]) == KEY
