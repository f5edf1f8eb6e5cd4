"""Tokens for kernels: narrow, expiring, renewable JSON Web Tokens that open the Nexus routes and nothing else.

A token's end is counted by this process's own monotonic clock, since its key lives as long as the process: a clock that
is put forward or back ends no token, nor does a machine that sleeps.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import jwt

from nexus_jupyter.protocol.base import Contract
from nexus_jupyter.protocol.errors import PermissionDeniedError, TokenExpiredError

__all__ = ["KernelClaims", "TokenIssuer"]

_AUDIENCE = "nexus-kernel"
_ISSUER = "nexus-jupyter"
_ALGORITHM = "HS256"


class KernelClaims(Contract):
    """What a token says: for whom it acts, and until when, in seconds of the issuer's clock."""

    sub: str
    ends: float


class TokenIssuer:
    """Signs and checks kernel tokens with a key that lives as long as this server process.

    Parameters
    ----------
    lifetime
        Seconds that a token is valid. A kernel renews its own before that.
    renewable
        Seconds after its end that a token can still be exchanged for a new one: the kernel may have been stopped, or
        may have had nothing to ask. It opens nothing else.
    clock
        Seconds that never go back.
    """

    def __init__(self, lifetime: float, renewable: float = 0, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._key = secrets.token_bytes(32)
        self._lifetime = lifetime
        self._renewable = renewable
        self._clock = clock

    def mint(self, owner: str) -> str:
        """Return a new token that acts for a user."""
        claims = {
            "sub": owner,
            "aud": _AUDIENCE,
            "iss": _ISSUER,
            "ends": self._clock() + self._lifetime,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def verify(self, token: str) -> KernelClaims:
        """Return a token's claims.

        Raises
        ------
        TokenExpiredError
            If it is one of ours and has ended.
        PermissionDeniedError
            If it is not one of ours.
        """
        claims = self._read(token)
        if not self.valid(claims):
            raise TokenExpiredError("The kernel's token has expired.", hint="Exchange it for a new one: auth/refresh.")
        return claims

    def verify_renewable(self, token: str) -> KernelClaims:
        """Return the claims of a token that may be exchanged, ended or not; raises as `verify`."""
        claims = self._read(token)
        if claims.ends + self._renewable <= self._clock():
            raise TokenExpiredError(
                "The kernel's token expired too long ago to be exchanged.",
                hint="Restart the kernel: it then gets a new one.",
            )
        return claims

    def valid(self, claims: KernelClaims) -> bool:
        """Return whether claims have not ended yet."""
        return claims.ends > self._clock()

    def _read(self, token: str) -> KernelClaims:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={"require": ["sub", "aud", "iss"]},
            )
            return KernelClaims(sub=claims["sub"], ends=claims["ends"])
        except (jwt.PyJWTError, KeyError, ValueError) as error:
            raise PermissionDeniedError(
                "The kernel's token is not accepted by this server.",
                hint="If the server was restarted, restart the kernel: it then gets a new one.",
            ) from error
