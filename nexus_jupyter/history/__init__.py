"""Versions of a workspace in git."""

from nexus_jupyter.history.store import Version, VersionStore

__all__ = ["Version", "VersionStore"]
