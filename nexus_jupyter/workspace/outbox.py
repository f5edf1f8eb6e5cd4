"""What waits to be sent to one client: bounded, however slowly it reads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

__all__ = ["Message", "Outbox"]

#: Messages that may wait for a slow client before news of panels are dropped.
_QUEUE = 512
#: Bytes that may wait in all; a client that leaves more unread is given up, and starts anew with snapshots.
_BYTES = 64 << 20
#: Bytes that may wait before no more is taken from the client.
_FULL = 8 << 20

Message = str | bytes


class Outbox:
    """Messages for one client, in order.

    Parameters
    ----------
    wake
        Called, from any thread, when messages wait.
    most
        Bytes that may wait.
    """

    def __init__(self, wake: Callable[[], None], most: int = _BYTES) -> None:
        #: Tells whoever sends; not called with a lock held, since a transport may call `take` at once.
        self.wake = wake
        self._most = most
        self._lock = threading.Lock()
        self._messages = deque[Message]()
        self._size = 0
        self._overrun = False

    @property
    def full(self) -> bool:
        """Whether so much waits that the client should be listened to no further."""
        return self._size > min(_FULL, self._most)

    @property
    def overrun(self) -> bool:
        """Whether more would have waited than may; nothing is kept any more, and the connection should end."""
        return self._overrun

    def put(self, message: Message) -> None:
        """Add a message that the client must get."""
        self.keep(message)
        self.wake()

    def keep(self, message: Message) -> None:
        """Add a message, for somebody who will call `wake` later."""
        with self._lock:
            if self._overrun:
                return
            self._messages.append(message)
            self._size += len(message)
            if self._size > self._most:
                self._overrun = True
                self._drop(())

    def offer(self, messages: Sequence[str]) -> bool:
        """Add news that a snapshot can make up for, for somebody who will call `wake` later.

        Returns
        -------
        bool
            Whether they were taken. If not, all news have been dropped: answers stay, and the client needs snapshots.
        """
        with self._lock:
            if self._overrun:
                return True  # the connection ends
            taken = len(self._messages) + len(messages) <= _QUEUE and not self.full
            if taken:
                self._messages.extend(messages)
                self._size += sum(map(len, messages))
            else:
                kept = [one for one in self._messages if isinstance(one, bytes) or '"type":"result"' in one[:20]]
                self._drop(kept[-_QUEUE // 2 :])
        return taken

    def take(self) -> Message | None:
        """Return the next message, and forget it."""
        with self._lock:
            if not self._messages:
                return None
            message = self._messages.popleft()
            self._size -= len(message)
            return message

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._drop(())

    def _drop(self, kept: Sequence[Message]) -> None:
        self._messages = deque(kept)
        self._size = sum(map(len, kept))
