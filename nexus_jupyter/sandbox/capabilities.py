"""What a run may ask of its host: a token made from the grants that people gave to its panel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from nexus_jupyter.protocol.capability import Capability, CapabilityUse, Grant
from nexus_jupyter.protocol.errors import PermissionDeniedError, RequestError

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = ["FREE", "Token", "covers", "require_target"]

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
    listen
        Calls a function, on any thread, whenever the panel's grants change; returns what ends that.
    """

    panel: str
    uses: Sequence[CapabilityUse] = ()
    grants: Sequence[Grant] = ()
    valid: Callable[[str], bool] = lambda _id: False
    listen: Callable[[Callable[[], None]], Callable[[], None]] = lambda _changed: lambda: None

    def allows(self, cap: Capability, target: str) -> bool:
        """Tell whether a grant covers a target now."""
        if cap in FREE:
            return True
        asked = any(use.cap == cap and covers(cap, use.target, target) for use in self.uses)
        return asked and any(
            grant.cap == cap and covers(cap, grant.target, target) and self.valid(grant.id) for grant in self.grants
        )

    async def until_denied(self, cap: Capability, target: str) -> None:
        """Wait until no grant covers a target any more: it is revoked, or its time is over."""
        changed, loop = asyncio.Event(), asyncio.get_running_loop()

        def tell() -> None:
            loop.call_soon_threadsafe(changed.set)

        stop = self.listen(tell)
        try:
            while self.allows(cap, target):
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds_left()):
                        await changed.wait()
                changed.clear()
        finally:
            stop()

    def _seconds_left(self) -> float | None:
        """Return for how long no grant ends by itself."""
        now = datetime.now(UTC)
        ends = [datetime.fromisoformat(grant.until) for grant in self.grants if grant.until is not None]
        return min(((end - now).total_seconds() for end in ends if end > now), default=None)

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


def require_target(cap: Capability, target: str | None) -> None:
    """Raise `RequestError`, which says what to write, unless a target is one that a person can judge and allow.

    An address is a scheme and a host, with nothing in front of the host that reads like another one; a wildcard stays
    below one registered domain.

    Examples
    --------
    >>> require_target("net.http", "https://*.example.org")
    >>> require_target("net.http", "https://*.co.uk")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    nexus_jupyter.protocol.errors.RequestError: 'https://*.co.uk' stands for the sites of many owners. ...
    """
    if target is None or cap not in {"net.http", "net.ws"}:
        return
    try:
        parts = urlsplit(target)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        parts, port, host = urlsplit(""), None, ""
    schemes = {"http", "https"} if cap == "net.http" else {"ws", "wss"}
    if parts.scheme not in schemes or not host or port == 0:
        example = "https://api.example.org" if cap == "net.http" else "wss://api.example.org"
        raise RequestError(f"{target!r} is no address.", hint=f"Write a scheme and a host, such as {example}.")
    if "@" in parts.netloc:
        raise RequestError(
            f"{target!r} has a name in front of its host.",
            hint=f"Write {parts.scheme}://{host}, if that is what is meant.",
        )
    if "*" in host and not _narrow(host):
        raise RequestError(
            f"{target!r} stands for the sites of many owners.",
            hint=f"Name the host, or write a wildcard below a registered domain: {parts.scheme}://*.example.org.",
        )


def _narrow(pattern: str) -> bool:
    """Tell whether a host with a wildcard stays below one registered domain."""
    base = pattern.removeprefix("*.")
    if "*" in base or base == pattern or base.rpartition(".")[2].isdigit():
        return False  # a wildcard in the middle, or a part of a numeric address
    return _suffixes().privatesuffix(base) is not None


@cache
def _suffixes() -> PublicSuffixList:
    """Return the public suffix list that comes with its package; nothing is fetched."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=True)


def _covers_origin(granted: SplitResult, target: SplitResult) -> bool:
    if granted.scheme != target.scheme or _port(granted) != _port(target):
        return False
    allowed, wanted = (granted.hostname or "").lower(), (target.hostname or "").lower()
    if "*" in allowed:
        return _narrow(allowed) and wanted.endswith(allowed[1:])
    return bool(wanted) and allowed == wanted


def _port(url: SplitResult) -> int | None:
    return url.port or _DEFAULT_PORTS.get(url.scheme)


def _grantable(cap: Capability, target: str) -> str:
    """Return the target as one would grant it."""
    if cap in {"net.http", "net.ws"}:
        parts = urlsplit(target)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return target
