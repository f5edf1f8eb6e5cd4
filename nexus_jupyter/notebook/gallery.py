"""The components, to be looked at."""

from __future__ import annotations

from nexus_jupyter.language import gallery_text
from nexus_jupyter.notebook.connect import connect
from nexus_jupyter.notebook.panel import Panel
from nexus_jupyter.notebook.workspace import Workspace

__all__ = ["gallery"]


def gallery(workspace: Workspace | None = None) -> Panel:
    """Return a panel that shows every component, with its source and its attributes.

    Parameters
    ----------
    workspace
        Where the panel ``gallery`` is made; this notebook's workspace when left out.
    """
    return (workspace or connect()).panel("gallery", gallery_text())
