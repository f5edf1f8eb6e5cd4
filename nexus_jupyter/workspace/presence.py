"""Who looks at which panel, and where in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.presence import Presence, Viewer

__all__ = ["PresenceBoard"]

#: Viewers that are named; of more, only the number is told.
_NAMED = 32
#: Seconds that news of a panel wait for more of the same, and how much longer for each of its viewers: the cost of
#: telling everybody of everybody would else grow with the square of their number.
_DELAY, _DELAY_EACH = 0.05, 0.001


@dataclass
class _Room:
    viewers: dict[str, Viewer] = field(default_factory=dict)
    timer: threading.Timer | None = None


class PresenceBoard:
    """Keeps who is on which panel and tells those who are.

    What is told of a panel is one text for all its viewers, so that a hundred of them cost one serialisation. Each
    knows its own place in it by the id that it was given.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rooms: dict[str, _Room] = {}
        self._listeners: dict[str, dict[str, Callable[[str], None]]] = {}

    def enter(self, panel: str, viewer: str, actor: Actor, tell: Callable[[str], None]) -> None:
        """Somebody looks at a panel now; ``tell`` is given the frame, as JSON, whenever who does so changes."""
        with self._lock:
            self._rooms.setdefault(panel, _Room()).viewers[viewer] = Viewer(id=viewer, user=actor)
            self._listeners.setdefault(panel, {})[viewer] = tell
        self._changed(panel)

    def leave(self, panel: str, viewer: str) -> None:
        """Somebody does not look at a panel any more."""
        with self._lock:
            room = self._rooms.get(panel)
            if room is None or room.viewers.pop(viewer, None) is None:
                return
            listeners = self._listeners[panel]
            del listeners[viewer]
            if not listeners:
                if room.timer is not None:
                    room.timer.cancel()
                del self._rooms[panel], self._listeners[panel]
                return
        self._changed(panel)

    def focus(self, panel: str, viewer: str, element: str | None) -> None:
        """Somebody's focus has moved to an element, or away from all."""
        with self._lock:
            room = self._rooms.get(panel)
            known = room.viewers.get(viewer) if room is not None else None
            if room is None or known is None or known.element == element:
                return
            room.viewers[viewer] = known.model_copy(update={"element": element})
        self._changed(panel)

    def of(self, panel: str) -> Presence:
        """Return who looks at a panel."""
        with self._lock:
            viewers = list(self._rooms[panel].viewers.values()) if panel in self._rooms else []
        return Presence(panel=panel, viewers=viewers[:_NAMED], count=len(viewers))

    def close(self) -> None:
        """Tell nobody any more."""
        with self._lock:
            for room in self._rooms.values():
                if room.timer is not None:
                    room.timer.cancel()
            self._rooms.clear()
            self._listeners.clear()

    def _changed(self, panel: str) -> None:
        with self._lock:
            room = self._rooms.get(panel)
            if room is None or room.timer is not None:
                return
            delay = _DELAY + _DELAY_EACH * len(room.viewers)
            room.timer = threading.Timer(delay, self._tell, (panel,))
            room.timer.daemon = True
            room.timer.start()

    def _tell(self, panel: str) -> None:
        with self._lock:
            if panel not in self._rooms:
                return
            self._rooms[panel].timer = None
            listeners = list(self._listeners[panel].values())
        message = self.of(panel).model_dump_json()
        for tell in listeners:
            tell(message)
