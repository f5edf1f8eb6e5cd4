"""What runs say to the outside: a note to the person, a text for the clipboard, an event for whoever listens."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.errors import RequestError

__all__ = ["Effect", "Effects"]

#: In how many seconds a panel may cause how many effects.
_WINDOW, _MOST = 60.0, 30


class Effect(Contract):
    """Something that a run of a panel wants shown or told. ``name`` is an event's, or a note's level."""

    kind: Literal["notify", "clipboard", "event"]
    panel: str
    actor: str
    name: str
    data: JsonValue


class Effects:
    """Hands effects to listeners, and keeps each panel to a rate that people can bear."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Effect], None]] = []
        self._lately: dict[str, deque[float]] = {}

    def cause(self, effect: Effect) -> None:
        """Hand on an effect; raises `RequestError` when the panel causes too many."""
        now = time.monotonic()
        with self._lock:
            lately = self._lately.setdefault(effect.panel, deque())
            while lately and lately[0] < now - _WINDOW:
                lately.popleft()
            if len(lately) >= _MOST:
                raise RequestError(f"A panel may notify, copy or emit {_MOST} times a minute.")
            lately.append(now)
            listeners = list(self._listeners)
        for listener in listeners:
            listener(effect)

    def listen(self, listener: Callable[[Effect], None]) -> Callable[[], None]:
        """Be given every effect; returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return stop
