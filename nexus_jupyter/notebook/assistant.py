"""``ws.assistant()``: a place to ask in, with what was asked before, below the cell or beside the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nexus_jupyter.notebook.display import PANEL_MIME, widget_bundle

if TYPE_CHECKING:
    from nexus_jupyter.notebook.host import Host

__all__ = ["AssistantView"]


class AssistantView:
    """Shown by a notebook as a field for wishes: what comes is shown as it arrives, and accepted or rejected there.

    Parameters
    ----------
    host
        Where the workspace lives.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:  # Any: MIME data
        data: dict[str, Any] = {}
        if self._host.kind == "server":
            data[PANEL_MIME] = {"view": "assistant", "workspace": self._host.name}
        data |= widget_bundle(self._host, "", view="assistant") or {}
        text = f"The assistant of the workspace '{self._host.name}'"
        data["text/html"] = f"<p>{text}: it is shown where the notebook is live.</p>"
        data["text/plain"] = text
        return data, {}

    def __repr__(self) -> str:
        return f"AssistantView({self._host.name!r})"
