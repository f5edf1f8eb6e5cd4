"""Who is served next: people take turns, so that nobody's hundred requests hold up another's one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nexus_jupyter.protocol.errors import QuotaError

__all__ = ["FairQueue"]


class FairQueue:
    """Places for calls that run at the same time; it belongs to one event loop at a time.

    Parameters
    ----------
    places
        Calls at the same time.
    each
        Calls of one person at the same time.
    waiting
        Requests that may wait at all.
    within
        Seconds that one waits at most.
    """

    def __init__(self, places: int = 16, *, each: int = 8, waiting: int = 400, within: float = 60) -> None:
        self._places, self._each, self._most, self._within = places, each, waiting, within
        self._running: dict[str, int] = {}
        #: Requests that wait, by person.
        self._turns: dict[str, deque[asyncio.Future[None]]] = {}
        #: When people were last served, as a number that grows; of those who wait or are served.
        self._last: dict[str, int] = {}
        self._count = 0

    @property
    def running(self) -> int:
        """Calls that hold a place."""
        return sum(self._running.values())

    @property
    def waiting(self) -> int:
        """Requests that wait for one."""
        return sum(len(line) for line in self._turns.values())

    @asynccontextmanager
    async def place(self, user: str) -> AsyncIterator[None]:
        """Hold a place; wait for it in turn with other people.

        Raises
        ------
        QuotaError
            If too many wait already, or it took too long.
        """
        await self._take(user)
        try:
            yield
        finally:
            self._give_back(user)

    async def _take(self, user: str) -> None:
        if self._has_room(user) and not self._turns.get(user):
            self._give(user)
            return
        if self.waiting >= self._most:
            raise QuotaError(
                f"{self.waiting} requests wait for a language model already.", hint="Ask again in a minute."
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.setdefault(user, deque()).append(turn)
        try:
            async with asyncio.timeout(self._within):
                await turn
        except BaseException as error:
            self._leave(user, turn)
            if isinstance(error, TimeoutError):
                raise QuotaError(
                    f"No language model was free within {self._within:.0f} s.", hint="Ask again in a minute."
                ) from None
            raise

    def _has_room(self, user: str) -> bool:
        return self.running < self._places and self._running.get(user, 0) < self._each

    def _leave(self, user: str, turn: asyncio.Future[None]) -> None:
        line = self._turns.get(user)
        if line is not None and turn in line:
            line.remove(turn)
            if not line:
                del self._turns[user]
        elif turn.done() and not turn.cancelled():
            # The place was given in the same moment as the wait ended.
            self._give_back(user)
        self._forget(user)

    def _give(self, user: str) -> None:
        self._running[user] = self._running.get(user, 0) + 1
        self._count += 1
        self._last[user] = self._count

    def _give_back(self, user: str) -> None:
        self._running[user] -= 1
        if not self._running[user]:
            del self._running[user]
        self._forget(user)
        while ready := [user for user in self._turns if self._has_room(user)]:
            self._serve(min(ready, key=lambda user: (self._running.get(user, 0), self._last.get(user, 0))))

    def _forget(self, user: str) -> None:
        if user not in self._turns and user not in self._running:
            self._last.pop(user, None)

    def _serve(self, user: str) -> None:
        line = self._turns[user]
        turn = line.popleft()
        if not line:
            del self._turns[user]
        if not turn.done():
            self._give(user)
            turn.set_result(None)
