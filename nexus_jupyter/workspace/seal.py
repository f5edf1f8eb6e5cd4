"""Whether the rights in a private folder that was copied, unpacked or brought back are those that it was closed with.

The identity's signature says that this account made the workspace. Whoever was given the whole folder has that
signature too, and could hand the folder back with other grants, or with other panels under the old ones. So a
workspace that closes signs its rights together with the journal's end, and a folder that is not at the place where it
was left, by its file system's own marks, keeps its rights only if they, and the journal under them, are as signed.
Otherwise the content is taken, and the rights are listed to be allowed again. A folder that is renamed where it is
keeps its marks and is not looked at.

Recordings of runs, tables and the history's database are not sealed: they are data, read as data.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.storage.private import read, replace
from nexus_jupyter.workspace.account import Account
from nexus_jupyter.workspace.verification import read_file, verify

if TYPE_CHECKING:
    from nexus_jupyter.workspace.folder import WorkspaceFolder
    from nexus_jupyter.workspace.store import WorkspaceStore

__all__ = ["RIGHTS", "seal", "sealed"]

_LOG = logging.getLogger(__name__)
_FILE = "seal.json"
#: Files of the private folder that say what is allowed.
RIGHTS = ("remotes.json", "alert-rule.json")


def seal(folder: WorkspaceFolder, store: WorkspaceStore) -> None:
    """Sign the rights of a workspace that is about to close. Without, they are asked for again after a move."""
    try:
        replace(folder.private / _FILE, json.dumps({"signature": Account().sign(_text(folder, store))}))
    except (NexusError, OSError) as error:
        _LOG.warning("The rights of %s could not be signed: %s", folder.root, error)


def sealed(folder: WorkspaceFolder, store: WorkspaceStore) -> bool:
    """Tell whether the rights are those that the workspace was closed with, over the journal that it had then."""
    try:
        signature = str(json.loads(read(folder.private / _FILE, 4096))["signature"])
        if not Account().signed(_text(folder, store), signature):
            return False
        return not store.in_folder or not verify(read_file(folder.journal)).faults
    except (NexusError, OSError, ValueError, KeyError, TypeError):
        return False


def _text(folder: WorkspaceFolder, store: WorkspaceStore) -> str:
    # What is on a database server was never in anybody else's hands.
    end = store.journal.mark(store.journal.last_rev()) if store.in_folder else None
    grants = [grant.model_dump_json() for grant in store.grants.all()] if store.in_folder else []
    files = [hashlib.sha256(_content(folder, name)).hexdigest() for name in RIGHTS]
    lineage = folder.identity.key
    return json.dumps(["nexus seal", lineage, end.rev if end else 0, end.digest if end else "", sorted(grants), files])


def _content(folder: WorkspaceFolder, name: str) -> bytes:
    try:
        return read(folder.private / name)
    except FileNotFoundError:
        return b""
