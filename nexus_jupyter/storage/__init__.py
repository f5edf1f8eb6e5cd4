"""Relational persistence: the journal, and the database that holds it."""

from nexus_jupyter.storage.database import open_database, sqlite_url
from nexus_jupyter.storage.journal import Journal

__all__ = ["Journal", "open_database", "sqlite_url"]
