"""Requests that are sent again because their answer was lost: done once, answered as often as they are asked.

A client gives a request that changes something a key of its own (``Idempotency-Key``; IETF draft of that name). The
same key from the same person, for the same request, gets the first answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from nexus_jupyter.protocol.errors import RequestError

__all__ = ["Replies", "Reply"]

#: Seconds and number of answers that are kept, and bytes that one may have to be kept: 32 MB at the most.
_KEPT_SECONDS, _KEPT, _LARGEST = 600.0, 512, 64 * 1024
_LONGEST_KEY = 200
#: From this status on the server failed, and the request may be tried again.
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered."""

    status: int
    content_type: str
    body: bytes


@dataclass(slots=True)
class _Entry:
    digest: str
    at: float
    reply: asyncio.Future[Reply | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Replies:
    """Answers by person and key; lives on the event loop.

    Parameters
    ----------
    clock
        Seconds; only differences matter.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries = OrderedDict[tuple[str, str], _Entry]()

    async def once(
        self, person: str, key: str, digest: str, run: Callable[[], Awaitable[Reply | None]]
    ) -> Reply | None:
        """Do a request unless it was done; return the answer to send, ``None`` if ``run`` has sent it.

        Parameters
        ----------
        person
            Who asks.
        key
            The request's key.
        digest
            Stands for what is asked.
        run
            Does it and returns what it has answered.

        Raises
        ------
        RequestError
            If the key was used for another request, or is too long.
        """
        if len(key) > _LONGEST_KEY:
            raise RequestError(f"An Idempotency-Key has at most {_LONGEST_KEY} characters.")
        self._forget()
        known = self._entries.get((person, key))
        if known is not None:
            if known.digest != digest:
                raise RequestError("This Idempotency-Key was used for another request.", hint="Use a new key for each.")
            reply = await asyncio.shield(known.reply)
            if reply is not None:
                return reply
        entry = self._entries[person, key] = _Entry(digest, self._clock())
        reply = None
        try:
            reply = await run()
        finally:
            if reply is None or reply.status >= _SERVER_ERROR or len(reply.body) > _LARGEST:
                self._entries.pop((person, key), None)
                reply = None
            entry.reply.set_result(reply)
        return None

    def _forget(self) -> None:
        oldest = self._clock() - _KEPT_SECONDS
        while self._entries:
            first = next(iter(self._entries.values()))
            if len(self._entries) <= _KEPT and first.at >= oldest:
                return
            self._entries.popitem(last=False)
