"""Versions of a workspace in git."""

from nexus_jupyter.history.branching import branch_with
from nexus_jupyter.history.layout import FILES, MERGE_DRIVER, first_files, in_panels, owned, untouched
from nexus_jupyter.history.log import Version
from nexus_jupyter.history.remotes import Remotes
from nexus_jupyter.history.store import VersionStore
from nexus_jupyter.history.stream import Blob, Content

__all__ = [
    "FILES",
    "MERGE_DRIVER",
    "Blob",
    "Content",
    "Remotes",
    "Version",
    "VersionStore",
    "branch_with",
    "first_files",
    "in_panels",
    "owned",
    "untouched",
]
