"""Telling one connection of the values that its panels link to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.workspace.panels import panel_view

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["LinkFollower"]

#: Changes that can give a panel other links.
_TEXTS = frozenset({"create", "edit", "prompt", "checkout", "undo", "redo", "revert"})


class LinkFollower:
    """Sends the values of links when they are not what was sent before.

    Parameters
    ----------
    kernel
        The workspace.
    user
        Whose values.
    send
        Gives the client the values of a panel's links.
    """

    def __init__(self, kernel: WorkspaceKernel, user: str, send: Callable[[str, dict[str, JsonValue]], None]) -> None:
        self._kernel = kernel
        self._user = user
        self._send = send
        self._sent: dict[str, dict[str, JsonValue]] = {}

    def concerns(self, change: Change) -> bool:
        """Tell, at once, whether a change is worth a look: there are links, or a text with some may have come."""
        return bool(self._sent) or change.cause.kind in _TEXTS

    def forget(self, panel: str) -> None:
        """The panel is not followed any more."""
        self._sent.pop(panel, None)

    def send(self, panel: str, *, again: bool = False) -> None:
        """Send a panel's links if they have changed; ``again`` if the client has none of them."""
        values = self._kernel.links.values(panel, self._user)
        known = self._sent.get(panel, {})
        if values:
            self._sent[panel] = values
        else:
            self._sent.pop(panel, None)
        if values != known or (again and values):
            self._send(panel, values)

    def follow(self, change: Change, panels: Sequence[str]) -> None:
        """Look whether a change is one of a value that a followed panel links to."""
        graph = self._kernel.head.graph
        for panel in panels:
            # The text is looked at before it is checked: few panels have links.
            if panel not in graph or "<link" not in panel_view(graph, panel).nxml:
                continue
            if change.panel in {None, panel} or change.panel in self._kernel.links.sources(panel):
                self.send(panel)
