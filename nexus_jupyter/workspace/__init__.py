"""The workspace kernel: panels and their lifecycle, runs, undo, versions, subscribers."""

from nexus_jupyter.workspace.compaction import compact
from nexus_jupyter.workspace.dashboarding import put_dashboard
from nexus_jupyter.workspace.desk import Desk, desk_of
from nexus_jupyter.workspace.driver import merge_file, register_driver
from nexus_jupyter.workspace.export import ExportedPage, export_html
from nexus_jupyter.workspace.folder import is_own, known_id, set_aside, trust
from nexus_jupyter.workspace.graphs import GraphReader
from nexus_jupyter.workspace.kernel import WorkspaceKernel
from nexus_jupyter.workspace.opening import Opening
from nexus_jupyter.workspace.options import WorkspaceOptions
from nexus_jupyter.workspace.panels import PanelView
from nexus_jupyter.workspace.patches import graph_ops
from nexus_jupyter.workspace.portable import export_lines, import_journal, write_lines
from nexus_jupyter.workspace.previewing import preview_edit
from nexus_jupyter.workspace.quotas import Quotas
from nexus_jupyter.workspace.repair import repair
from nexus_jupyter.workspace.session import SessionFrame, StreamSession
from nexus_jupyter.workspace.verification import read_database, read_file, verify
from nexus_jupyter.workspace.versioning import Versioning, version_info
from nexus_jupyter.workspace.visit import Visit

__all__ = [
    "Desk",
    "ExportedPage",
    "GraphReader",
    "Opening",
    "PanelView",
    "Quotas",
    "SessionFrame",
    "StreamSession",
    "Versioning",
    "Visit",
    "WorkspaceKernel",
    "WorkspaceOptions",
    "compact",
    "desk_of",
    "export_html",
    "export_lines",
    "graph_ops",
    "import_journal",
    "is_own",
    "known_id",
    "merge_file",
    "preview_edit",
    "put_dashboard",
    "read_database",
    "read_file",
    "register_driver",
    "repair",
    "set_aside",
    "trust",
    "verify",
    "version_info",
    "write_lines",
]
