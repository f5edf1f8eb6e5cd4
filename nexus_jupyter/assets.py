"""The built files for browsers and the engine, as they lie in the package."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from functools import cache
from pathlib import Path

from nexus_jupyter.protocol.errors import UnavailableError

__all__ = ["BROWSER_ASSETS", "LAZY", "asset", "asset_version", "inline_json", "inline_script", "packed"]

#: What browsers are given: the runtime, and the parts of it that are loaded when they are first needed.
BROWSER_ASSETS = ("runtime.js", "assistant.js", "coedit.js", "editor.js", "math.js", "origins.js", "vega.js")

#: Code that a page which carries all it needs has only if one of its panels shows such a component.
LAZY = {"editor": "editor.js", "math": "math.js", "vega": "vega.js"}

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


@cache
def packed(name: str) -> str:
    """Return a built file compressed, in base64; without a time in it, so that the same panels give the same page."""
    return base64.b64encode(gzip.compress(asset(name), mtime=0)).decode()


def inline_json(value: object) -> str:
    """Return JSON in which no parser of HTML finds the end of its element, and none of JavaScript the end of a line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def inline_script(name: str) -> str:
    """Return built code in which no text ends, or nests, the element that holds it."""
    return re.sub(r"<(?=/script|!--|script)", r"\\x3c", asset(name).decode(), flags=re.IGNORECASE)
