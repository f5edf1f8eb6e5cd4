"""Versions of a workspace in git."""

from nexus_jupyter.history.branching import branch_with
from nexus_jupyter.history.layout import FILES, MERGE_DRIVER, first_files, in_panels, keep_out_private, owned, untouched
from nexus_jupyter.history.log import Version
from nexus_jupyter.history.outer import is_left_out, outer_repository
from nexus_jupyter.history.remotes import Remotes
from nexus_jupyter.history.store import BY_HAND, KEPT, VersionStore, content_id
from nexus_jupyter.history.stream import Blob, Content
from nexus_jupyter.history.worktree import WorkTree

__all__ = [
    "BY_HAND",
    "FILES",
    "KEPT",
    "MERGE_DRIVER",
    "Blob",
    "Content",
    "Remotes",
    "Version",
    "VersionStore",
    "WorkTree",
    "branch_with",
    "content_id",
    "first_files",
    "in_panels",
    "is_left_out",
    "keep_out_private",
    "outer_repository",
    "owned",
    "untouched",
]
