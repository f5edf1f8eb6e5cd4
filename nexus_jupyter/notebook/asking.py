"""``ws.ask()``: asks, shows what arrives, and gives the proposal."""

from __future__ import annotations

import time
from contextlib import closing
from html import escape
from typing import TYPE_CHECKING, Any

from nexus_jupyter.notebook.edit import Edit
from nexus_jupyter.protocol.ai import (
    AskBody,
    AskEvent,
    AskFailed,
    Context,
    Draft,
    ModelRestarted,
    ModelStarted,
    ModelText,
    Proposal,
    Repairing,
)
from nexus_jupyter.protocol.errors import ModelError, UnavailableError

if TYPE_CHECKING:
    from nexus_jupyter.notebook.host import Host

__all__ = ["ask"]

#: Seconds between two showings: each is a message to the page.
_INTERVAL = 0.1


def ask(host: Host, body: AskBody, *, show: bool) -> Edit:
    """Ask and wait for the proposal; interrupting the cell gives the wish up.

    Raises
    ------
    UnavailableError
        If no model is configured; its one sentence says how to.
    ModelError
        If no proposal came of it. Nothing was changed.
    """
    context = Context(budget=0, tokens=0, parts=[])
    info = host.ai.info()
    if not info.configured:
        raise UnavailableError(info.hint)
    with closing(_Progress(show)) as progress, closing(host.ai.ask(body)) as events:
        for event in events:
            progress.tell(event)
            match event:
                case Context():
                    context = event
                case Proposal():
                    return Edit(host, event, context)
                case AskFailed():
                    raise ModelError(event.message, hint=event.hint)
    raise ModelError("The connection ended before a proposal was there.", hint="Nothing was changed; ask again.")


class _Progress:
    """One line under the cell, and what has arrived; gone when it is over."""

    def __init__(self, show: bool) -> None:
        self._began = self._shown = time.monotonic()
        self._handle: Any = None  # Any: IPython's own, which is not typed
        self._model = ""
        self._note = "Looking at the workspace"
        self._arrived = ""
        self._letters = 0
        if show:
            self._handle = _display()

    def tell(self, event: AskEvent) -> None:
        """Show what became of the wish."""
        match event:
            case Context():
                self._note = f"Asking, with {event.tokens} tokens of context"
            case ModelStarted():
                self._model, self._letters = event.model, 0
                self._note = "Waiting for the first words"
            case ModelText():
                self._letters += len(event.text)
                self._note = f"{self._letters} characters so far"
            case ModelRestarted():
                self._note, self._arrived = event.why, ""
            case Repairing():
                self._note = "Asking again: " + " ".join(event.errors[:2])
            case Draft():
                self._arrived = "\n".join(event.ops) if event.nxml is None else event.nxml
            case _:
                return
        self._show(now=not isinstance(event, ModelText | Draft))

    def close(self) -> None:
        """Leave nothing behind."""
        if self._handle is not None:
            self._handle.update({"text/plain": "", "text/html": ""}, raw=True)

    def _show(self, *, now: bool) -> None:
        if self._handle is None or not (now or time.monotonic() - self._shown >= _INTERVAL):
            return
        self._shown = time.monotonic()
        model = f"{self._model}: " if self._model else ""
        line = f"{model}{self._note} ({time.monotonic() - self._began:.1f} s)"
        tail = self._arrived[-1200:]
        html = f"<p><small>{escape(line)}</small></p>" + (f"<pre>{escape(tail)}</pre>" if tail else "")
        self._handle.update({"text/plain": line, "text/html": html}, raw=True)


def _display() -> Any:  # Any: IPython's own, which is not typed
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    shell = get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    return display({"text/plain": ""}, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
