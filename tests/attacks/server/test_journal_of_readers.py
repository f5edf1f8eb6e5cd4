"""A reader looks at the journal.

Attacker: a person who may read. Way in: the list of changes, and the journal as a file. What must hold: what others
have for themselves (states of scope ``user``) is not told; the file, which has everything, needs the right to write.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError

from nexus_jupyter.protocol.identity import Actor

PANEL = """<panel id="diary"><view><text id="t">x</text></view>
<data><state name="mood" type="str" default="" scope="user"/><state name="ours" type="str" default=""/></data></panel>"""


class Roles(Authorizer):
    """Allows the actions that a test has set."""

    allowed: frozenset[str] = frozenset()

    def is_authorized(self, _handler: Any, _user: Any, action: str, _resource: str) -> bool:
        return action in self.allowed


async def test_readers_do_not_learn_what_others_have_for_themselves(jp_serverapp: Any, jp_fetch: Any) -> None:
    roles = Roles(parent=jp_serverapp, identity_provider=jp_serverapp.identity_provider)
    jp_serverapp.web_app.settings["authorizer"] = roles
    roles.allowed = frozenset({"read", "write", "execute"})
    await jp_fetch("nexus", "api", "panels", "diary", method="PUT", body=json.dumps({"nxml": PANEL}))
    kernel = jp_serverapp.web_app.settings["nexus"]._kernel
    ann = Actor(id="ann", name="Ann", kind="user")
    kernel.set_state("diary", {"mood": "a secret mood", "ours": "for all"}, ann)
    kernel.set_state("diary", {"mood": "another secret mood"}, ann)
    journal = ("nexus", "api", "workspace", "journal")
    assert "secret mood" in (await jp_fetch(*journal)).body.decode()
    roles.allowed = frozenset({"read"})
    told = (await jp_fetch(*journal)).body.decode()
    assert "for all" in told
    assert "secret mood" not in told, told
    assert len(json.loads(told)) == kernel.head.rev
    with pytest.raises(HTTPClientError, match="403"):
        await jp_fetch(*journal, "export")
    roles.allowed = frozenset({"read", "write"})
    assert "secret mood" in (await jp_fetch(*journal, "export")).body.decode()
