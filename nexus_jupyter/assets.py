"""The built files for browsers and the engine, as they lie in the package."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from nexus_jupyter.protocol.errors import UnavailableError

__all__ = ["BROWSER_ASSETS", "asset", "asset_version"]

#: What browsers are given: the runtime, and the parts of it that are loaded when they are first needed.
BROWSER_ASSETS = ("runtime.js", "assistant.js", "coedit.js", "editor.js", "math.js", "vega.js")

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
    """Return a text that changes when any of the browser's files does, for their URLs."""
    return hashlib.sha256(b"".join(asset(name) for name in BROWSER_ASSETS)).hexdigest()[:12]
