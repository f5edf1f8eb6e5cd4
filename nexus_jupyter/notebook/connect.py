"""Finding this notebook's workspace."""

from __future__ import annotations

import os
from pathlib import Path

from nexus_jupyter.notebook.workspace import Workspace
from nexus_jupyter.protocol.errors import NexusError

__all__ = ["connect"]

_open: dict[str, Workspace] = {}


def connect(*, workspace: str | None = None) -> Workspace:
    """Return this notebook's workspace.

    In a kernel that a Jupyter server with the Nexus extension started, that is the server's workspace. Anywhere else
    (VS Code, Colab, a script) it is one embedded in this process, in the folder ``nexus-workspace`` below the current
    one. Printing the result says which.

    Parameters
    ----------
    workspace
        Name of one of the server's workspaces; its default when left out.

    Raises
    ------
    StorageError
        If there is no server and the embedded workspace cannot be opened.
    """
    url, token = os.environ.get("NEXUS_SERVER_URL"), os.environ.get("NEXUS_KERNEL_TOKEN")
    key = f"{url} {workspace}"
    if key in _open:
        return _open[key]
    if url and token:
        from nexus_jupyter.notebook.remote import RemoteHost

        verify = os.environ.get("NEXUS_SERVER_CERTIFICATE") or True
        found = Workspace(RemoteHost(url, token, workspace=workspace, verify=verify))
    elif workspace is not None:
        raise NexusError(
            f"No Jupyter server with Nexus started this kernel, so the workspace '{workspace}' cannot be reached.",
            hint="Leave the name out for an embedded workspace, or open a folder with nexus.Workspace.open(folder).",
        )
    else:
        found = Workspace.open(Path.cwd() / "nexus-workspace")
    _open[key] = found
    return found
