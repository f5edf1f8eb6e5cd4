"""Texts of panels that are still arriving, such as from a model: shown as they come, kept nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Drafts"]

#: Is told the panel, its text so far, and whether that is over.
Listener = Callable[[str, str, bool], None]


class Drafts:
    """Hands on drafts to whoever looks at their panels."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, str] = {}
        self._listeners: list[Listener] = []

    def of(self, panel: str) -> str | None:
        """Return what has arrived of a panel's text, if it is arriving now."""
        return self._texts.get(panel)

    def update(self, panel: str, nxml: str) -> None:
        """Take over what has arrived."""
        with self._lock:
            self._texts[panel] = nxml
            listeners = list(self._listeners)
        for listener in listeners:
            listener(panel, nxml, False)

    def end(self, panel: str) -> None:
        """Forget a draft: the panel has been made of it, or it was given up."""
        with self._lock:
            known = self._texts.pop(panel, None)
            listeners = list(self._listeners)
        if known is not None:
            for listener in listeners:
                listener(panel, "", True)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told of every draft; returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return stop
