"""``ws.trilog.timebar()``: the bar that takes all panels of the page to a moment of the past, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nexus_jupyter.notebook.display import PANEL_MIME, widget_bundle
from nexus_jupyter.notebook.host import Host

__all__ = ["TimeBar"]


class TimeBar:
    """Shown by a notebook as a bar with a mark for each change of the workspace.

    Its handle, by mouse or keyboard, shows all live panels of the page as they were; nothing can be changed there. From
    a moment, the change that made it can be taken back alone, or a branch begun.

    Parameters
    ----------
    host
        Where the workspace lives.
    playing
        What its *Play* shows: ``from`` and ``to`` in nanoseconds since the epoch, and ``speed``, how many times as fast
        as it was.
    """

    def __init__(self, host: Host, playing: Mapping[str, float] | None = None) -> None:
        self._host = host
        self._playing = dict(playing or {})

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:  # Any: MIME data
        data: dict[str, Any] = {}
        if self._host.kind == "server":
            data[PANEL_MIME] = {"view": "timebar", "workspace": self._host.name, "about": self._playing}
        data |= widget_bundle(self._host, "", view="timebar", about=json.dumps(self._playing)) or {}
        text = f"The time bar of the workspace '{self._host.name}'"
        data["text/html"] = f"<p>{text}: it is shown where the notebook is live, with its panels.</p>"
        data["text/plain"] = text
        return data, {}

    def __repr__(self) -> str:
        return f"TimeBar({self._host.name!r})"
