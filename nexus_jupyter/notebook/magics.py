"""``%%panel NAME``, ``%%nexus [PANEL]`` and ``%nexus status``."""

from __future__ import annotations

from IPython.core.magic import Magics, cell_magic, line_cell_magic, magics_class

from nexus_jupyter.notebook.connect import connect
from nexus_jupyter.notebook.edit import Edit
from nexus_jupyter.notebook.panel import Panel
from nexus_jupyter.protocol.errors import NexusError, RequestError

__all__ = ["NexusMagics"]


class Status(str):
    """What `%nexus status` tells, shown as it reads."""

    __slots__ = ()
    __repr__ = str.__str__


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

    @line_cell_magic
    def nexus(self, line: str, cell: str | None = None) -> Status | Edit:
        """Tell where the workspace is and what it holds; as ``%%nexus [PANEL]``, ask for what the cell says."""
        if cell is not None:
            return connect().ask(cell.strip(), panel=line.strip() or None)
        if line.strip() not in {"", "status"}:
            raise RequestError(f"There is no '%nexus {line.strip()}'; there is '%nexus status'.")
        try:
            workspace = connect()
        except NexusError as error:
            return Status(error)
        return Status(f"{workspace!r}\nPanels: {', '.join(workspace.panels) or 'none yet'}")
