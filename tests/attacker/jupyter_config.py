"""The configuration of the server that is attacked: its people, what watches it from inside, and a planted fault."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from jupyter_server.auth import Authorizer, IdentityProvider, User

from tests.attacker import inside, plants
from tests.attacker.people import by_name


class People(IdentityProvider):
    """Knows people by their tokens."""

    def get_user(self, handler: Any) -> User | None:
        """Return who a request is from."""
        known = getattr(handler, "_jupyter_current_user", None)
        if isinstance(known, User):
            return known
        shown = handler.request.headers.get("Authorization", "").removeprefix("token ")
        secret = os.environ["ATTACK_TOKENS"]
        for person in by_name.values():
            if shown == person.token(secret):
                handler._token_authenticated = True
                return User(username=person.name, name=person.name, display_name=person.name)
        return None


class Rights(Authorizer):
    """Lets people do what their names say, with panels; of the rest of the server nothing."""

    def is_authorized(self, _handler: Any, user: User, action: str, resource: str) -> bool:
        """Return whether somebody may do something."""
        return resource == "nexus" and action in by_name[user.username].rights


inside.watch(Path(os.environ["ATTACK_PLACE"]) / "harness")
if os.environ.get("ATTACK_PLANT"):
    plants.PLANTS[os.environ["ATTACK_PLANT"]]()

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets
c.ServerApp.identity_provider_class = People
c.ServerApp.authorizer_class = Rights
c.ServerApp.allow_unauthenticated_access = False
_OTHERS = ("jupyterlab", "notebook", "notebook_shim", "jupyter_lsp", "jupyter_server_terminals", "nbclassic")
c.ServerApp.jpserver_extensions = {**dict.fromkeys(_OTHERS, False), "nexus_jupyter": True}
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.ServerApp.terminals_enabled = False
# Small, so that what grows shows itself, and nobody has to wait long for what is meant to end.
c.NexusApp.recheck_seconds = 2.0
c.NexusApp.run_cpu = 0.3
c.NexusApp.run_wall = 5.0
c.NexusApp.run_memory = 32
c.NexusApp.frame_bytes = 64 << 20
c.NexusApp.files_quota = 32 << 20
c.NexusApp.quota_panels = 200
c.NexusApp.quota_state_bytes = 16 << 20
c.NexusApp.versions_bytes = 8 << 20
c.NexusApp.parked_memory = 256
sys.setswitchinterval(0.005)
