"""What a run may ask of its host: a token made from the grants that people gave to its panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from nexus_jupyter.protocol.capability import Capability, CapabilityUse, Grant
from nexus_jupyter.protocol.errors import PermissionDeniedError

__all__ = ["FREE", "Token", "covers"]

#: Capabilities that every panel has.
FREE: frozenset[Capability] = frozenset({"state", "time", "random", "log"})
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class Token:
    """What one run may do. It stays in Python: no text that JavaScript could make stands for it.

    Attributes
    ----------
    panel
        Whose run it is.
    uses
        What the panel's text asks for; a grant counts only while the panel still asks.
    grants
        Those of the panel when the run started.
    valid
        Tells by a grant's id whether it holds at this moment: it may be revoked, or end, while the run waits.
    """

    panel: str
    uses: Sequence[CapabilityUse] = ()
    grants: Sequence[Grant] = ()
    valid: Callable[[str], bool] = lambda _id: False

    def allows(self, cap: Capability, target: str) -> bool:
        """Tell whether a grant covers a target now."""
        if cap in FREE:
            return True
        asked = any(use.cap == cap and covers(cap, use.target, target) for use in self.uses)
        return asked and any(
            grant.cap == cap and covers(cap, grant.target, target) and self.valid(grant.id) for grant in self.grants
        )

    def require(self, cap: Capability, target: str) -> None:
        """Raise `PermissionDeniedError`, which names what to grant, unless a grant covers a target now."""
        if self.allows(cap, target):
            return
        shown = _grantable(cap, target)
        if not any(use.cap == cap and covers(cap, use.target, target) for use in self.uses):
            declared = f'<uses cap="{cap}" target="{shown}" why="..."/>'
            raise PermissionDeniedError(
                f"The panel '{self.panel}' does not ask for {cap} of {shown!r}. Its text needs {declared}."
            )
        raise PermissionDeniedError(
            f"The panel '{self.panel}' needs the capability {cap} for {shown!r}. "
            f'Allow it on the panel, or with ws.grant("{self.panel}", "{cap}", target="{shown}").'
        )


def covers(cap: Capability, granted: str | None, target: str) -> bool:
    """Tell whether a granted target covers a wanted one; a grant without a target covers all.

    Addresses are compared by scheme, host and port (``https://*.example.org`` covers subdomains), paths by folder,
    panels by name or ``name.action``, everything else as it is.
    """
    if granted is None:
        return True
    if cap in {"net.http", "net.ws"}:
        try:
            return _covers_origin(urlsplit(granted), urlsplit(target))
        except ValueError:
            return False  # no address at all
    if cap in {"fs.read", "fs.write"}:
        folder = granted.strip("/")
        return folder in {"", target} or target.startswith(f"{folder}/")
    if cap == "panel.send":
        return target == granted or target.startswith(f"{granted}.")
    return target == granted


def _covers_origin(granted: SplitResult, target: SplitResult) -> bool:
    if granted.scheme != target.scheme or _port(granted) != _port(target):
        return False
    allowed, wanted = (granted.hostname or "").lower(), (target.hostname or "").lower()
    if allowed.startswith("*."):
        return wanted.endswith(allowed[1:])
    return bool(wanted) and allowed == wanted


def _port(url: SplitResult) -> int | None:
    return url.port or _DEFAULT_PORTS.get(url.scheme)


def _grantable(cap: Capability, target: str) -> str:
    """Return the target as one would grant it."""
    if cap in {"net.http", "net.ws"}:
        parts = urlsplit(target)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return target
