"""Allowing panels what they ask for."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import timedelta
from typing import get_args

from nexus_jupyter.protocol.capability import CAPABILITIES, Capability, Grant
from nexus_jupyter.protocol.errors import PermissionDeniedError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.sandbox import FREE, require_target
from nexus_jupyter.storage import GrantStore

__all__ = ["Permissions"]

_LONGEST = timedelta(days=3650)


class Permissions:
    """Grants and revocations, by people.

    Parameters
    ----------
    store
        Where they are kept.
    find
        Raises `NotFoundError` unless there is a panel of a name.
    """

    def __init__(self, store: GrantStore, find: Callable[[str], object]) -> None:
        self.store = store
        self._find = find

    def grant(self, panel: str, cap: str, target: str | None, actor: Actor, *, seconds: float | None = None) -> Grant:
        """Allow a panel something; it counts while the panel's text asks for it.

        Raises
        ------
        PermissionDeniedError
            If the actor is no person: models and panels grant nothing.
        RequestError
            If there is no such capability, or the time makes no sense.
        NotFoundError
            If there is no such panel.
        """
        if actor.kind not in {"user", "kernel"}:
            raise PermissionDeniedError("Only a person can allow a panel something.")
        if seconds is not None and not 0 < seconds <= _LONGEST.total_seconds():
            raise RequestError("A grant lasts for some seconds, at most ten years.")
        known = _known(cap)
        require_target(known, target or None)
        self._find(panel)
        lasting = timedelta(seconds=seconds) if seconds is not None else None
        return self.store.add(panel, known, target or None, actor.id, lasting=lasting)

    def revoke(self, panel: str, cap: str | None, target: str | None, actor: Actor) -> int:
        """Take back what a panel was allowed: of a capability and target, or all; return how many grants that ended."""
        return self.store.revoke(panel, _known(cap) if cap is not None else None, target or None, actor.id)


def _known(cap: str) -> Capability:
    for known in get_args(Capability):
        if known == cap and known not in FREE:
            found: Capability = known
            return found
    if cap in FREE:
        raise RequestError(f"Every panel has {cap}: it needs no grant.")
    near = difflib.get_close_matches(cap, CAPABILITIES, 1)
    raise RequestError(f"There is no capability '{cap}'." + (f" Did you mean '{near[0]}'?" if near else ""))
