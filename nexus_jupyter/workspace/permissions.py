"""Allowing panels what they ask for."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import get_args

from nexus_jupyter.protocol.capability import CAPABILITIES, Capability, ChangedGrant, Grant
from nexus_jupyter.protocol.errors import ConflictError, NotFoundError, PermissionDeniedError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import VALUES_ONLY, Change
from nexus_jupyter.sandbox import FREE, covers, require_target
from nexus_jupyter.storage import GrantStore
from nexus_jupyter.workspace.consent import Code, code_of, difference

__all__ = ["Permissions"]

_LONGEST = timedelta(days=3650)
#: Codes that are kept worked out.
_GONE = "gone"


class Permissions:
    """Grants and revocations, by people. A grant holds for the code of the panel that it was given to.

    Parameters
    ----------
    store
        Where they are kept.
    build
        Returns the build of a panel's present text; raises `NotFoundError`.
    """

    def __init__(self, store: GrantStore, build: Callable[[str], Build]) -> None:
        self.store = store
        self._build = build
        self._lock = threading.Lock()

    def allow(
        self,
        panel: str,
        cap: str,
        target: str | None,
        actor: Actor,
        *,
        seconds: float | None = None,
        code: str | None = None,
    ) -> Grant:
        """Grant a panel something that its text asks for, as a person wishes.

        Raises
        ------
        RequestError
            If it does not ask for that; the message says what it asks for. Else as `grant`.
        """
        _require_person(actor)
        _require_asked(self._build(panel), _known(cap), target or None)
        return self.grant(panel, cap, target, actor, seconds=seconds, code=code)

    def grant(
        self,
        panel: str,
        cap: str,
        target: str | None,
        actor: Actor,
        *,
        seconds: float | None = None,
        code: str | None = None,
    ) -> Grant:
        """Allow a panel something; it counts while the panel's text asks for it, and has the code that it has now.

        ``code`` is the digest of the code that the person was shown.

        Raises
        ------
        PermissionDeniedError
            If the actor is no person: models and panels grant nothing.
        RequestError
            If there is no such capability, or the time makes no sense.
        NotFoundError
            If there is no such panel.
        """
        _require_person(actor)
        if seconds is not None and not 0 < seconds <= _LONGEST.total_seconds():
            raise RequestError("A grant lasts for some seconds, at most ten years.")
        known = _known(cap)
        require_target(known, target or None)
        now = self.code(panel)
        if code is not None and code != now.digest:
            raise ConflictError(
                f"The code of '{panel}' has changed since you were asked.", hint="Look at what it asks for now."
            )
        lasting = timedelta(seconds=seconds) if seconds is not None else None
        return self.store.add(panel, known, target or None, actor.id, lasting=lasting, code=(now.digest, now.text))

    def revoke(self, panel: str, cap: str | None, target: str | None, actor: Actor) -> int:
        """Take back what a panel was allowed: of a capability and target, or all; return how many grants that ended."""
        return self.store.revoke(panel, _known(cap) if cap is not None else None, target or None, actor.id)

    def code(self, panel: str) -> Code:
        """Return the code of a panel's present text; raises `NotFoundError`."""
        return code_of(self._build(panel))

    def active(self, panel: str) -> list[Grant]:
        """Return the grants of a panel that hold now."""
        held = self.store.active(panel)
        if not held:
            return []
        now = self.digest(panel)
        return [grant for grant in held if grant.code == now]

    def changed(self, panel: str) -> list[ChangedGrant]:
        """Return what a panel was allowed with other code, and what is different now."""
        held = self.store.active(panel)
        if not held:
            return []
        try:
            now = self.code(panel)
        except NotFoundError:
            return []
        stale = {(grant.cap, grant.target): grant for grant in held if grant.code != now.digest}
        return [
            ChangedGrant(cap=cap, target=target, difference=difference(self.store.code_text(grant.id), now.text))
            for (cap, target), grant in stale.items()
        ]

    def valid(self, grant_id: str) -> bool:
        """Tell whether a grant holds now."""
        grant = self.store.get(grant_id)
        return grant is not None and self.store.valid(grant_id) and grant.code == self.digest(grant.panel)

    def all(self) -> list[Grant]:
        """Return every grant there ever was, oldest first; those for other code are marked as stale."""
        digests: dict[str, str] = {}
        for grant in (found := self.store.all()):
            if grant.panel not in digests:
                digests[grant.panel] = self.digest(grant.panel)
        return [grant.model_copy(update={"stale": grant.code != digests[grant.panel]}) for grant in found]

    def carry(self, panel: str, before: Build, actor: Actor) -> None:
        """Let what a person has allowed a panel hold on after they have edited its code themselves.

        Grants that others gave, or that did not hold for the code before, are asked for again.
        """
        old, new = code_of(before), self.code(panel)
        if actor.kind not in {"user", "kernel"} or old.digest == new.digest:
            return
        own = [one.id for one in self.store.active(panel) if one.code == old.digest and one.granted_by == actor.id]
        if own:
            self.store.rebind(own, (new.digest, new.text))

    def touched(self, change: Change) -> list[str]:
        """Return the panels whose grants a change may have ended, or brought back: those whose text it may concern."""
        if change.cause.kind in VALUES_ONLY:
            return []
        panels = [change.panel] if change.panel is not None else self.store.panels()
        return [panel for panel in panels if self.store.active(panel)]

    def digest(self, panel: str) -> str:
        """Return the digest of a panel's code; of a panel that is gone, a text that no grant is bound to."""
        try:
            return self.code(panel).digest
        except NotFoundError:
            return _GONE


def _require_person(actor: Actor) -> None:
    if actor.kind not in {"user", "kernel"}:
        raise PermissionDeniedError("Only a person can allow a panel something.")


def _require_asked(build: Build, cap: Capability, target: str | None) -> None:
    """Raise `RequestError` unless a grant would allow something that the panel's text asks for."""
    asked = [use for use in build.uses if use.cap == cap]
    if any(
        target is None or use.target is None or covers(cap, use.target, target) or covers(cap, target, use.target)
        for use in asked
    ):
        return
    uses = ", ".join(f"{use.cap} of {use.target!r}" if use.target else use.cap for use in build.uses)
    what = f"{cap} of {target!r}" if target is not None else cap
    raise RequestError(
        f"The panel '{build.id}' does not ask for {what}. It asks for {uses or 'nothing'}.",
        hint=f'Its text asks with <uses cap="{cap}" target="{target or "..."}" why="..."/>.',
    )


def _known(cap: str) -> Capability:
    for known in get_args(Capability):
        if known == cap and known not in FREE:
            found: Capability = known
            return found
    if cap in FREE:
        raise RequestError(f"Every panel has {cap}: it needs no grant.")
    near = difflib.get_close_matches(cap, CAPABILITIES, 1)
    raise RequestError(f"There is no capability '{cap}'." + (f" Did you mean '{near[0]}'?" if near else ""))
