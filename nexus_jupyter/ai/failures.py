"""What can go wrong with a call of a model: judged once, by what it means for the next step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from nexus_jupyter.protocol.errors import ModelError

__all__ = ["CREDENTIAL", "CallFailed", "ContextOverflow", "Failure", "Kind", "excerpt", "judge_status", "overflow"]

Kind = Literal[
    "busy", "cut", "declined", "format", "key", "late", "length", "malformed", "network", "not-found", "overflow",
    "redirect", "server", "stalled", "too-much", "unfinished"
]  # fmt: skip

#: Characters of a server's own words that a sentence quotes.
_QUOTED = 200
#: What looks like a key.
CREDENTIAL = re.compile(r"(?i)(bearer\s+\S+|\b(?:sk|pk|key|hf|gsk|xai)[-_][\w*.-]{6,})")
_OVERFLOW = re.compile(
    r"(?i)context[ _](?:length|size|window)|maximum (?:context|prompt)|(?:prompt|input) is too long|too many tokens"
    r"|reduce the length"
)
_LIMITS = (
    re.compile(r"(?i)maximum context length (?:is|of) ([\d,]+)"),
    re.compile(r"(?i)context (?:size|length|window) \(([\d,]+)"),
    re.compile(r"> ([\d,]+) maximum"),
    re.compile(r"(?i)(?:limit|n_ctx)\D{1,8}([\d,]+)"),
)
_OVERFLOW_CODES = {"context_length_exceeded", "exceed_context_size_error"}
#: Statuses that may be others when the request is made again; and the first digit of redirections.
_TRANSIENT = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY}
_REDIRECTION = 3
#: The endpoint itself is at fault, so its circuit breaker counts it.
_BREAKING = {"busy", "cut", "key", "late", "malformed", "network", "not-found", "redirect", "server", "stalled"} | {
    "too-much",
    "unfinished",
}
#: The same request may well be answered when it is made again.
_PASSING = {"busy", "cut", "malformed", "network", "server", "unfinished"}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call came to nothing.

    Attributes
    ----------
    kind
        What it was.
    why
        A sentence for people, which holds no key.
    rest
        Seconds that the endpoint asked to be left alone.
    limit
        The tokens that the endpoint says it takes, of an overflow.
    """

    kind: Kind
    why: str
    rest: float | None = None
    limit: int | None = None

    @property
    def breaking(self) -> bool:
        """Whether the circuit breaker counts it."""
        return self.kind in _BREAKING

    @property
    def fatal(self) -> bool:
        """Whether the endpoint will not answer before somebody has changed something."""
        return self.kind in {"key", "not-found", "redirect"}

    @property
    def passing(self) -> bool:
        """Whether the same request may be answered a little later."""
        return self.kind in _PASSING


class CallFailed(Exception):
    """A call of one endpoint came to nothing; it never leaves this package."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.why)
        self.failure = failure


class ContextOverflow(ModelError):
    """What was sent is more than the model takes: shrink it, and ask once more.

    Attributes
    ----------
    limit
        Tokens that the model takes, its answer included; ``None`` when the endpoint did not say.
    """

    def __init__(self, message: str, *, limit: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.limit = limit


def excerpt(text: object, *, key: str = "") -> str:
    """Return a server's own words, short, on one line, without a full stop and anything that looks like a key."""
    words = str(text)[:4096]
    if key:
        words = words.replace(key, "[key]")
    words = " ".join(CREDENTIAL.sub("[key]", words).split())
    return words.rstrip(".") if len(words) <= _QUOTED else words[:_QUOTED] + ".."


def overflow(code: object, text: str, body: object) -> tuple[bool, int | None]:
    """Tell whether an error says that the context is too long, and how many tokens it may have if that is said."""
    given: Mapping[str, object] = body if isinstance(body, Mapping) else {}
    if not (code in _OVERFLOW_CODES or given.get("type") in _OVERFLOW_CODES or _OVERFLOW.search(text)):
        return False, None
    stated = given.get("n_ctx")
    if isinstance(stated, int) and stated > 0:
        return True, stated
    for pattern in _LIMITS:
        if (found := pattern.search(text)) and (digits := found.group(1).replace(",", "")):
            return True, int(digits)
    return True, None


def judge_status(name: str, status: int, code: object, words: str, *, rest: float | None = None) -> Failure:
    """Judge an HTTP status that is not success.

    Parameters
    ----------
    name
        The endpoint's name.
    words
        What the server said, already an excerpt.
    rest
        The seconds of ``Retry-After``.
    """
    said = f": {words}." if words else "."
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} or code in {"insufficient_quota", "invalid_api_key"}:
        return Failure("key", f"'{name}' does not accept the key (HTTP {status}){said}")
    if status == HTTPStatus.NOT_FOUND:
        return Failure("not-found", f"'{name}' does not know that address or model (HTTP 404){said}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Failure("busy", f"'{name}' has too much to do (HTTP 429){said}", rest=rest)
    if status // 100 == _REDIRECTION:
        return Failure("redirect", f"'{name}' redirects elsewhere (HTTP {status}), which is not followed.")
    if status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure("server", f"'{name}' failed (HTTP {status}){said}", rest=rest)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Failure("overflow", f"'{name}' finds the request too large (HTTP 413){said}")
    return Failure("format", f"'{name}' refused the request (HTTP {status}){said}")
