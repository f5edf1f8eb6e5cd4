"""The relational database: the journal, the grants, and the recordings of runs."""

from nexus_jupyter.storage.database import open_database, sqlite_url
from nexus_jupyter.storage.grants import GrantStore
from nexus_jupyter.storage.journal import Journal
from nexus_jupyter.storage.runs import RunRecording, RunStore

__all__ = ["GrantStore", "Journal", "RunRecording", "RunStore", "open_database", "sqlite_url"]
