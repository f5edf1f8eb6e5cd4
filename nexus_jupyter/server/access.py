"""What the person behind a request may do, asked anew each time: rights may end while a connection stands."""

from __future__ import annotations

import inspect
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth import IdentityProvider, PasswordIdentityProvider

from nexus_jupyter.protocol.rights import Right
from nexus_jupyter.server.tokens import KernelClaims, TokenIssuer

__all__ = ["NAMELESS", "RESOURCE", "Access"]

#: The resource that Jupyter's authorizer is asked about.
RESOURCE = "nexus"
#: Jupyter's own providers: they know a token or a password, but no names.
NAMELESS = (IdentityProvider, PasswordIdentityProvider)


class Access:
    """The identity and the rights of a request's or connection's person.

    Parameters
    ----------
    handler
        A handler of Jupyter's that is authenticated.
    claims
        Those of the kernel token that it was authenticated by, if it was.
    """

    def __init__(self, handler: Any, claims: KernelClaims | None) -> None:  # Any: REST and WebSocket share no base
        self._handler = handler
        self._claims = claims
        self._tokens: TokenIssuer = handler.room.tokens

    async def may(self, right: Right) -> bool:
        """Return whether the person has a right at this moment."""
        if self._claims is not None:
            return self._tokens.valid(self._claims)
        return bool(await ensure_async(self._asked(right)))

    def rights_at_once(self, asked: tuple[Right, ...]) -> frozenset[Right] | None:
        """Return which of some rights the person has now; ``None`` where the authorizer has to be awaited."""
        if self._claims is not None:
            return frozenset(asked) if self._tokens.valid(self._claims) else frozenset()
        found: set[Right] = set()
        for right in asked:
            allowed = self._asked(right)
            if inspect.isawaitable(allowed):
                if inspect.iscoroutine(allowed):
                    allowed.close()  # it is asked again, and awaited
                return None
            if allowed:
                found.add(right)
        return frozenset(found)

    async def rights(self, asked: tuple[Right, ...]) -> frozenset[Right]:
        """Return which of some rights the person has at this moment."""
        return frozenset([right for right in dict.fromkeys(asked) if await self.may(right)])

    async def stands(self) -> bool:
        """Return whether the person is still who they were, and may still look."""
        return await self._identified() and await self.may("read")

    def _asked(self, right: Right) -> Any:  # Any: whether it is allowed, or what has to be awaited for that
        handler = self._handler
        return handler.authorizer.is_authorized(handler, handler.current_user, right, RESOURCE)

    async def _identified(self) -> bool:
        if self._claims is not None:
            return self._tokens.valid(self._claims)
        handler = self._handler
        user = await ensure_async(handler.identity_provider.get_user(_Answered(handler)))
        if user is None:
            return False
        return type(handler.identity_provider) in NAMELESS or user.username == handler.current_user.username


class _Answered:
    """The handler of an open connection as an identity provider is shown it.

    The provider must look again, not return the user it found before; and its cookies go nowhere, for the head of the
    response was sent.
    """

    _jupyter_current_user = None

    def __init__(self, handler: Any) -> None:  # Any: as above
        self._handler = handler

    def __getattr__(self, name: str) -> Any:  # Any: of the handler
        return getattr(self._handler, name)

    def _nothing(self, *_args: Any, **_kwargs: Any) -> None:  # Any: tornado's signatures
        return

    set_cookie = set_signed_cookie = set_secure_cookie = clear_cookie = set_header = _nothing
