"""The relational database: the journal, its checkpoints, the grants, and the recordings of runs."""

from nexus_jupyter.storage.chain import FIELDS, chained
from nexus_jupyter.storage.checkpoints import Checkpoint, CheckpointStore
from nexus_jupyter.storage.database import examine_advice, open_database, shown, sqlite_url
from nexus_jupyter.storage.entries import Entry
from nexus_jupyter.storage.grants import GrantStore
from nexus_jupyter.storage.journal import Journal, Mark, entry_of
from nexus_jupyter.storage.ownership import Fence, Ownership
from nexus_jupyter.storage.runs import RunRecording, RunStore

__all__ = [
    "FIELDS",
    "Checkpoint",
    "CheckpointStore",
    "Entry",
    "Fence",
    "GrantStore",
    "Journal",
    "Mark",
    "Ownership",
    "RunRecording",
    "RunStore",
    "chained",
    "entry_of",
    "examine_advice",
    "open_database",
    "shown",
    "sqlite_url",
]
