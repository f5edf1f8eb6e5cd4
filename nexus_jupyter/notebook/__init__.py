"""What people use in notebooks: workspaces, panels, the widget, the magics."""

from nexus_jupyter.notebook.connect import connect
from nexus_jupyter.notebook.gallery import gallery
from nexus_jupyter.notebook.panel import Change, Panel, Run, State
from nexus_jupyter.notebook.workspace import Workspace

__all__ = ["Change", "Panel", "Run", "State", "Workspace", "connect", "gallery"]
