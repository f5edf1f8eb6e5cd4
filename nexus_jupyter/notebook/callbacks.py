"""The thread on which functions of people are told of changes.

They are told after the change, on a thread that holds no lock and serves nobody else: a callback may set states, run
actions and wait for them. Callbacks of one workspace run one after the other, in the order of the changes.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

__all__ = ["Callbacks"]

_log = logging.getLogger(__name__)
#: Seconds that closing waits for callbacks that were begun or are due.
_PATIENCE = 10.0


class Callbacks:
    """Calls functions in order, on a thread of its own that starts with the first call."""

    def __init__(self) -> None:
        self._due = queue.SimpleQueue[Callable[[], object] | None]()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def call(self, function: Callable[[], object]) -> None:
        """Call a function soon; what it raises is told in the log."""
        with self._lock:
            if self._closed:
                return
            self._due.put(function)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="nexus-callbacks", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Call what is due, for some seconds at most, and nothing more."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._due.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while (function := self._due.get()) is not None:
            try:
                function()
            except Exception:  # noqa: BLE001 - a mistake in one callback must not end the others
                _log.exception("A callback of a change failed.")
