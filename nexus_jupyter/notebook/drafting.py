"""A panel that is written while people look at it."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from nexus_jupyter.notebook.host import Host
from nexus_jupyter.notebook.panel import Panel

__all__ = ["PanelStream"]

#: Seconds between two showings: eyes follow no more, and each is a message.
_INTERVAL = 0.05


class PanelStream:
    """Takes the text of a panel piece by piece, as a model gives it, and shows what has arrived.

    Elements appear as soon as their tags are complete; what they read and is not declared yet shows as a skeleton. When
    the block ends the text becomes the panel; if it ends by an error, what was there before is shown again.

    Examples
    --------
    >>> with ws.stream("sales") as stream:  # doctest: +SKIP
    ...     for piece in model_output:
    ...         stream.write(piece)
    """

    def __init__(self, host: Host, name: str) -> None:
        self._host = host
        self._name = name
        self._shown = 0.0
        self.text = ""

    def write(self, piece: str) -> None:
        """Add a piece of text."""
        self.text += piece
        if time.monotonic() - self._shown >= _INTERVAL:
            self._shown = time.monotonic()
            self._host.draft(self._name, self.text)

    @property
    def panel(self) -> Panel:
        """The panel, to be shown while it is written or after."""
        return Panel(self._host, self._name)

    def __enter__(self) -> Self:
        self._host.draft(self._name, "")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._host.put_panel(self._name, self.text, via="cell")
        finally:
            self._host.draft(self._name, None)
