"""Finding this notebook's workspace."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from nexus_jupyter.notebook.workspace import Workspace
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.route import Route

__all__ = ["connect"]

#: Workspaces of servers, by the server's address and their names.
_served: dict[tuple[str, str | None], Workspace] = {}


def connect(*, workspace: str | None = None) -> Workspace:
    """Return this notebook's workspace.

    In a kernel that a Jupyter server with the Nexus extension started, that is the server's workspace. Anywhere else
    (VS Code, Colab, a script) it is one embedded in this process, in the folder ``nexus-workspace`` below the current
    one. Printing the result says which, and why. Called again, it gives the same object until that is closed, or the
    current folder is another.

    Parameters
    ----------
    workspace
        Name of one of the server's workspaces; its default when left out.

    Raises
    ------
    UnavailableError
        If the server cannot be reached.
    StorageError
        If there is no server and the embedded workspace cannot be opened.
    """
    url, token = os.environ.get("NEXUS_SERVER_URL"), os.environ.get("NEXUS_KERNEL_TOKEN")
    if url and token:
        return _of_server(url, token, workspace)
    why = _why_embedded(url)
    if workspace is not None:
        raise NexusError(
            f"The workspace '{workspace}' cannot be reached: {why}.",
            hint="Leave the name out for an embedded workspace, or open a folder with nexus.Workspace.open(folder).",
        )
    found = Workspace.open(Path.cwd() / "nexus-workspace")
    if _expected() and found.reason != why:
        warnings.warn(
            f"This workspace is in this kernel, not in the Jupyter server: {why}. Panels stop with the kernel. "
            "`nexus doctor` says what to do.",
            stacklevel=2,
        )
    found.reason = why
    return found


def _of_server(url: str, token: str, workspace: str | None) -> Workspace:
    found = _served.get((url, workspace))
    if found is None or found.closed:
        from nexus_jupyter.notebook.remote import RemoteHost

        found = Workspace(RemoteHost(Route.from_environment(url), token, workspace=workspace))
        _served[url, workspace] = found
    return found


def _expected() -> bool:
    """Tell whether this is a kernel that a Jupyter server started for a notebook."""
    return "JPY_SESSION_NAME" in os.environ


def _why_embedded(url: str | None) -> str:
    if url:
        return "the environment has NEXUS_SERVER_URL, but no NEXUS_KERNEL_TOKEN"
    if _expected():
        return (
            "the Jupyter server that started this kernel gave it no address: Nexus is not enabled there, "
            "NexusApp.export_env is off, or jupyter_server is older than 2.16"
        )
    return "no Jupyter server started this process"
