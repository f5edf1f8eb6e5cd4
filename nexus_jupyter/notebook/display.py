"""How a panel is shown: live where there is something to be live with, and as HTML everywhere else."""

from __future__ import annotations

import os
from html import escape
from typing import TYPE_CHECKING, Any

from nexus_jupyter.notebook.host import Host
from nexus_jupyter.notebook.local import LocalHost
from nexus_jupyter.notebook.short import short
from nexus_jupyter.protocol.errors import NexusError

if TYPE_CHECKING:
    from nexus_jupyter.notebook.widget import PanelWidget

__all__ = ["PANEL_MIME", "mimebundle", "widget_bundle"]

#: Drawn by the JupyterLab extension straight from the server, with no kernel and no comm in between.
PANEL_MIME = "application/vnd.nexus.panel.v1+json"
#: What each cell's last run has shown, and the id of the message that made it run.
_shown: dict[str, tuple[str, list[PanelWidget]]] = {}


def mimebundle(host: Host, name: str) -> tuple[dict[str, Any], dict[str, Any]]:  # Any: MIME data
    """Return a panel in all forms that a front end may know, best first.

    The HTML is a picture of the panel as it is now: nbconvert, nbviewer and GitHub show it without a kernel.
    """
    info = host.panel(name)
    data: dict[str, Any] = {}
    if host.kind == "server":
        data[PANEL_MIME] = {"panel": name, "workspace": host.name}
    widget = widget_bundle(host, name)
    if widget is not None:
        data |= widget
    try:
        data["text/html"] = host.html(name)
    except NexusError as error:
        data["text/html"] = f"<p>{escape(info.title)}: {escape(error.message)}</p>"
    data["text/plain"] = f"{info.title} ({short(info.state)})" if info.state else info.title
    return data, {}


def _request(kernel: Any) -> dict[str, Any]:  # Any: a kernel of any make, and its messages
    """Return the message that the kernel works on."""
    get = getattr(kernel, "get_parent", None)
    found = get() if callable(get) else None
    return found if isinstance(found, dict) else {}


def _is_looked_at(request: dict[str, Any]) -> bool:  # Any: as above
    """Tell whether a person may sit at the front end.

    Programs that execute notebooks (nbconvert, papermill) let no cell ask for input, and show nothing: a widget in
    their output would hide the picture. Voila is one of them, and does show.
    """
    asks = request.get("content", {}).get("allow_stdin", True)
    return bool(asks) or any(name.startswith("VOILA_") for name in os.environ)


def _hold(request: dict[str, Any], widget: PanelWidget) -> None:  # Any: as above
    """Remember what a run of a cell shows; close what the run before has shown."""
    cell, run = request.get("metadata", {}).get("cellId"), request.get("header", {}).get("msg_id")
    if cell is None:
        return
    before, widgets = _shown.get(cell, (run, []))
    if before != run:
        for old in widgets:
            old.close()
        widgets = []
    _shown[cell] = (run, [*widgets, widget])


def widget_bundle(
    host: Host, name: str, *, view: str = "panel", about: str = ""
) -> dict[str, Any] | None:  # Any: MIME data
    """Return the widget's part of the bundle, where there is a kernel that can talk to a front end.

    The views that an earlier run of the same cell has shown are let go of.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    request = _request(shell.kernel)
    if not _is_looked_at(request):
        return None
    from nexus_jupyter.notebook.widget import PanelWidget

    kernel = host.kernel if isinstance(host, LocalHost) else None
    actor = host.actor if isinstance(host, LocalHost) else None
    widget = PanelWidget(name, kernel=kernel, actor=actor, view=view, about=about)
    _hold(request, widget)
    bundle = widget._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return {key: value for key, value in (data or {}).items() if key != "text/plain"}
