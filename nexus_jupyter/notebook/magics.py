"""``%%panel NAME`` and ``%nexus status``."""

from __future__ import annotations

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from nexus_jupyter.notebook.connect import connect
from nexus_jupyter.notebook.panel import Panel
from nexus_jupyter.protocol.errors import NexusError, RequestError

__all__ = ["NexusMagics"]


@magics_class
class NexusMagics(Magics):
    """The magics of Nexus."""

    @cell_magic
    def panel(self, line: str, cell: str) -> Panel:
        """Make a panel of the cell's text and show it."""
        name = line.strip()
        if not name:
            raise RequestError("Give the panel's name: %%panel NAME.")
        return connect().panel(name, cell)

    @line_magic
    def nexus(self, line: str) -> str:
        """Tell where the workspace is and what it holds."""
        if line.strip() not in {"", "status"}:
            raise RequestError(f"There is no '%nexus {line.strip()}'; there is '%nexus status'.")
        try:
            workspace = connect()
        except NexusError as error:
            return str(error)
        return f"{workspace!r}\nPanels: {', '.join(workspace.panels) or 'none yet'}"
