"""Tokens for kernels: narrow, expiring, renewable JSON Web Tokens that open the Nexus routes and nothing else."""

from __future__ import annotations

import secrets
import time

import jwt

from nexus_jupyter.protocol.base import Contract
from nexus_jupyter.protocol.errors import PermissionDeniedError

__all__ = ["KernelClaims", "TokenIssuer"]

_AUDIENCE = "nexus-kernel"
_ISSUER = "nexus-jupyter"
_ALGORITHM = "HS256"


class KernelClaims(Contract):
    """What a token says: for whom it acts, until when (seconds since the epoch)."""

    sub: str
    exp: int


class TokenIssuer:
    """Signs and checks kernel tokens with a key that lives as long as this server process.

    Parameters
    ----------
    lifetime
        Seconds that a token is valid. A kernel renews its own before that.
    """

    def __init__(self, lifetime: int) -> None:
        self._key = secrets.token_bytes(32)
        self._lifetime = lifetime

    def mint(self, owner: str) -> str:
        """Return a new token that acts for a user."""
        now = int(time.time())
        claims = {
            "sub": owner,
            "aud": _AUDIENCE,
            "iss": _ISSUER,
            "iat": now,
            "exp": now + self._lifetime,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def verify(self, token: str) -> KernelClaims:
        """Return a token's claims.

        Raises
        ------
        PermissionDeniedError
            If it is not one of ours, or has expired.
        """
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise PermissionDeniedError(
                f"The kernel's token is not accepted: {error}.",
                hint="Restart the kernel: it then gets a new one.",
            ) from error
        return KernelClaims(sub=claims["sub"], exp=claims["exp"])
