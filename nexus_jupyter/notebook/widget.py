"""The panel as an anywidget. Its own code is a loader; the panel itself comes from the workspace, never from here."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
from traitlets import Unicode

from nexus_jupyter.assets import BROWSER_ASSETS, asset, asset_version
from nexus_jupyter.protocol.identity import SYSTEM, Actor
from nexus_jupyter.workspace import StreamSession

if TYPE_CHECKING:
    from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["PanelWidget"]

_LOADER = Path(__file__).parent.parent / "static" / "loader.js"


class PanelWidget(anywidget.AnyWidget):
    """Shows one panel, the time bar of all, or the assistant.

    Where the workspace lives in a server, the front end talks to that, and this object has nothing more to do. Where it
    lives in this process, the stream protocol comes and goes through the widget's comm.

    Parameters
    ----------
    panel
        The panel's name.
    kernel
        The workspace, when it lives in this process.
    actor
        Who acts through the widget.
    view
        ``panel``; or ``timebar`` or ``assistant``, which need no panel.
    about
        What the view is about: the id of a proposal, for the assistant; what is played, as JSON, for the time bar.
    """

    #: Every model's state holds this text, saved notebooks too: that is why it is a loader and no more.
    _esm = _LOADER
    panel = Unicode().tag(sync=True)
    view = Unicode().tag(sync=True)
    about = Unicode().tag(sync=True)
    host = Unicode().tag(sync=True)
    #: Tells the workspace from others in the page: the panels of one show the same moment.
    workspace = Unicode().tag(sync=True)
    version = Unicode().tag(sync=True)

    def __init__(
        self,
        panel: str,
        *,
        kernel: WorkspaceKernel | None = None,
        actor: Actor | None = None,
        view: str = "panel",
        about: str = "",
    ) -> None:
        super().__init__(
            panel=panel,
            view=view,
            about=about,
            host="kernel" if kernel else "server",
            workspace=kernel.past.instance if kernel else "",
            version=asset_version(),
        )
        self._session: StreamSession | None = None
        self._sending = threading.RLock()
        if kernel is not None:
            self._session = StreamSession(kernel, actor or SYSTEM, "kernel", self._flush)
            self.on_msg(self._receive)

    def close(self) -> None:
        """End the session and the widget."""
        if self._session is not None:
            self._session.close()
        super().close()

    def _receive(self, _widget: object, content: dict[str, Any], _buffers: list[memoryview]) -> None:  # Any: JSON
        if content.get("type") == "runtime":
            self.send({"type": "runtime"}, [asset("runtime.js")])
        elif content.get("type") == "asset" and content.get("name") in BROWSER_ASSETS:
            self.send({"type": "asset", "name": content["name"]}, [asset(content["name"])])
        elif content.get("type") == "frame" and self._session is not None:
            self._session.receive(content["frame"])

    def _flush(self) -> None:
        # Threads that wake it at the same time must not send in another order than they take.
        with self._sending:
            while self._session is not None and (message := self._session.take()) is not None:
                if isinstance(message, bytes):
                    self.send({"type": "page"}, [message])
                else:
                    self.send({"type": "frame", "frame": message})
