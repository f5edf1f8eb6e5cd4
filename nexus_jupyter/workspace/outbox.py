"""What waits to be sent to one client: bounded, however slowly it reads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

__all__ = ["Message", "Outbox"]

#: Messages that may wait for a slow client before news of panels are dropped.
_QUEUE = 512

Message = str | bytes


class Outbox:
    """Messages for one client, in order.

    Parameters
    ----------
    wake
        Called, from any thread, when messages wait.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        #: Tells whoever sends; not called with a lock held, since a transport may call `take` at once.
        self.wake = wake
        self._lock = threading.Lock()
        self._messages = deque[Message]()

    def put(self, message: Message) -> None:
        """Add a message that the client must get."""
        self.keep(message)
        self.wake()

    def keep(self, message: Message) -> None:
        """Add a message, for somebody who will call `wake` later."""
        with self._lock:
            self._messages.append(message)

    def offer(self, messages: Sequence[str]) -> bool:
        """Add news that a snapshot can make up for, for somebody who will call `wake` later.

        Returns
        -------
        bool
            Whether they were taken. If not, all news have been dropped: answers stay, and the client needs snapshots.
        """
        with self._lock:
            taken = len(self._messages) + len(messages) <= _QUEUE
            if taken:
                self._messages.extend(messages)
            else:
                kept = [one for one in self._messages if isinstance(one, bytes) or '"type":"result"' in one[:20]]
                self._messages = deque(kept[-_QUEUE // 2 :])
        return taken

    def take(self) -> Message | None:
        """Return the next message, and forget it."""
        with self._lock:
            return self._messages.popleft() if self._messages else None

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._messages.clear()
