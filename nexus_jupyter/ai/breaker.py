"""Leaves an endpoint alone that keeps failing, and asks it again with one request."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Breaker"]

#: Failures in a row that open it.
_FAILURES = 3
#: Seconds of the first rest; each further one doubles it, up to the last.
_REST, _LONGEST = 10.0, 300.0


class Breaker:
    """The circuit breaker of one endpoint.

    It is closed (requests pass), open (they do not, for some seconds), or half open (one request tries whether the
    endpoint is back). See M. Nygard, Release It!.

    Parameters
    ----------
    clock
        Seconds; only differences matter.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._rest = _REST
        self._trying = False
        #: Answers in a row that were whole and of no use, and whether the last one was.
        self._useless, self._refused = 0, False
        #: The sentence of the last failure.
        self.why = ""

    @property
    def wait(self) -> float:
        """Seconds until a request may pass; 0 when one may now, and infinity while another one tries."""
        if self._failures < _FAILURES:
            return max(0.0, self._until - self._clock())
        return float("inf") if self._trying else max(0.0, self._until - self._clock())

    @property
    def resting(self) -> bool:
        """Whether it is only left alone because it asked for that."""
        return self._failures < _FAILURES and self.wait > 0

    def enter(self) -> bool:
        """Let a request pass, or return that it may not; one that passed ends with one of the other methods."""
        if self.wait > 0:
            return False
        self._trying = self._failures >= _FAILURES
        return True

    def succeeded(self) -> None:
        """Close it."""
        if not self._refused:
            self._useless = 0
        self._refused = False
        self._failures, self._until, self._rest, self._trying, self.why = 0, 0.0, _REST, False, ""

    def failed(self, why: str, *, fatal: bool = False) -> None:
        """Count a failure; one that is fatal opens it at once."""
        again = self._trying
        self._trying = False
        self.why = why
        self._failures = max(_FAILURES, self._failures + 1) if fatal else self._failures + 1
        if self._failures >= _FAILURES:
            self._rest = min(_LONGEST, self._rest * 2) if again else self._rest
            self._until = max(self._until, self._clock() + self._rest)

    def rejected(self, why: str) -> None:
        """Count a whole answer that was of no use, which comes after `succeeded`; too many of them open it."""
        self._refused = True
        self._useless += 1
        if self._useless >= _FAILURES:
            self.failed(why, fatal=True)

    def rest(self, seconds: float, why: str) -> None:
        """Let no request pass for some time, since the endpoint asked for it; that is no failure."""
        self._trying = False
        self.why = why
        self._until = max(self._until, self._clock() + seconds)

    def left(self) -> None:
        """Note that a request ended without a verdict: it was cancelled, or it was the request that was at fault."""
        self._trying = False
