"""The workspace kernel: panels and their lifecycle, runs, undo, versions, subscribers."""

from nexus_jupyter.workspace.driver import merge_file, register_driver
from nexus_jupyter.workspace.export import export_html
from nexus_jupyter.workspace.kernel import WorkspaceKernel
from nexus_jupyter.workspace.options import WorkspaceOptions
from nexus_jupyter.workspace.panels import PanelView
from nexus_jupyter.workspace.quotas import Quotas
from nexus_jupyter.workspace.session import StreamSession
from nexus_jupyter.workspace.versioning import version_info

__all__ = [
    "PanelView",
    "Quotas",
    "StreamSession",
    "WorkspaceKernel",
    "WorkspaceOptions",
    "export_html",
    "merge_file",
    "register_driver",
    "version_info",
]
