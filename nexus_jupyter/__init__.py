"""Nexus for Jupyter: live, sandboxed, versioned panels inside the notebook that holds the data."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nexus_jupyter.language import check, components, fix, format  # noqa: A004 - the language's own verb
    from nexus_jupyter.notebook import Change, Panel, Run, Workspace, connect, gallery
    from nexus_jupyter.protocol.errors import (
        ConflictError,
        HandlerError,
        NexusError,
        NXMLError,
        PatchError,
        StateError,
    )

__all__ = [
    "Change",
    "ConflictError",
    "HandlerError",
    "NXMLError",
    "NexusError",
    "Panel",
    "PatchError",
    "Run",
    "StateError",
    "Workspace",
    "check",
    "components",
    "connect",
    "fix",
    "format",
    "gallery",
]

#: Where each public name is; loaded when it is first used, so that importing this package costs next to nothing.
_HOMES = {
    **dict.fromkeys(("Change", "Panel", "Run", "Workspace", "connect", "gallery"), "nexus_jupyter.notebook"),
    **dict.fromkeys(("check", "components", "fix", "format"), "nexus_jupyter.language"),
    **dict.fromkeys(
        ("ConflictError", "HandlerError", "NXMLError", "NexusError", "PatchError", "StateError"),
        "nexus_jupyter.protocol.errors",
    ),
}


def __getattr__(name: str) -> Any:  # Any: any of the public names
    if name not in _HOMES:
        raise AttributeError(f"module 'nexus_jupyter' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:  # Any: Jupyter's own form
    from nexus_jupyter.server import NexusApp

    return [{"module": "nexus_jupyter", "app": NexusApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "nexus-jupyter"}]


def load_ipython_extension(shell: Any) -> None:  # Any: IPython's shell, which this package does not import
    """Add the magics, on ``%load_ext nexus_jupyter``."""
    from nexus_jupyter.notebook.magics import NexusMagics

    shell.register_magics(NexusMagics)
