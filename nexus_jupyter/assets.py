"""The built files for browsers and the engine, as they lie in the package."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from nexus_jupyter.protocol.errors import UnavailableError

__all__ = ["asset", "asset_version"]

_STATIC = Path(__file__).parent / "static"


@cache
def asset(name: str) -> bytes:
    """Return a built file.

    Raises
    ------
    UnavailableError
        In a source checkout that was not built.
    """
    try:
        return (_STATIC / name).read_bytes()
    except OSError as error:
        raise UnavailableError(
            f"The file '{name}' of Nexus is missing.",
            hint="In a source checkout, run `make build-js`; else install nexus-jupyter again.",
        ) from error


@cache
def asset_version() -> str:
    """Return a text that changes when the browser runtime does, for its URL."""
    return hashlib.sha256(asset("runtime.js")).hexdigest()[:12]
