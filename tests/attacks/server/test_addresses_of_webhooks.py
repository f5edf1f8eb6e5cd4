"""A reader looks at what is watched for.

Attacker: a person who may read. Way in: the list of alerts. What must hold: the address of a webhook, which lets
whoever knows it post there, is told only to those who may change it; readers learn the host.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from jupyter_server.auth import Authorizer

from nexus_jupyter.protocol.alerts import Alert, AlertRule, AlertState

SECRET = "https://hooks.example.org/services/T0/B0/a-secret"


class Roles(Authorizer):
    """Allows the actions that a test has set."""

    allowed: frozenset[str] = frozenset()

    def is_authorized(self, _handler: Any, _user: Any, action: str, _resource: str) -> bool:
        return action in self.allowed


def state() -> AlertState:
    alert = Alert(
        id="a", ts=1, raised_at=1, kind="burst", type="Panel", object="p", field="", words="w", value=1, baseline=1,
        threshold=1, rev=1, trace_id="", delivered={SECRET: "delivered", "https://old.example.org/other-secret": "no"},
    )  # fmt: skip
    return AlertState(rule=AlertRule(webhooks=[SECRET]), alerts=[alert])


async def test_readers_learn_the_host_and_writers_the_address(
    jp_serverapp: Any, jp_fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = Roles(parent=jp_serverapp, identity_provider=jp_serverapp.identity_provider)
    jp_serverapp.web_app.settings["authorizer"] = roles
    roles.allowed = frozenset({"read", "write"})
    await jp_fetch("nexus", "api", "trilog", "alerts")
    kernel = jp_serverapp.web_app.settings["nexus"]._kernel
    monkeypatch.setattr(kernel.alerts, "state", state)
    told = (await jp_fetch("nexus", "api", "trilog", "alerts")).body.decode()
    assert SECRET in told
    roles.allowed = frozenset({"read"})
    told = (await jp_fetch("nexus", "api", "trilog", "alerts")).body.decode()
    assert "secret" not in told
    assert json.loads(told)["rule"]["webhooks"] == ["webhook 1 (hooks.example.org)"]
    assert list(json.loads(told)["alerts"][0]["delivered"].values()) == ["delivered", "no"]
