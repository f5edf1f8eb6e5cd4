"""Who a workspace is: an id of its own, kept in its private folder and signed by the account that made it.

A folder may be renamed, moved, copied, packed and unpacked: its rows in the databases are found by what the identity
says, never by the folder's name. The signature holds wherever the folder is, so a workspace that was moved stays
one's own. A copy is a folder that is opened while the place where the same id was opened before still has it; it gets
an id of its own and keeps the history.

The signature says that this account made the workspace, not that nobody has changed it since: see `seal` for that.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import quote

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage import private
from nexus_jupyter.storage.database import DAMAGED
from nexus_jupyter.workspace.account import Account

__all__ = ["Identity", "former_key", "mark_of", "read_identity", "settle_place", "write_identity"]

_FILE = "identity.json"
#: Bytes that an identity file has at most.
_MOST = 16_384


@dataclass(frozen=True, slots=True)
class Identity:
    """A workspace's identity.

    Attributes
    ----------
    id
        Of this folder alone. Rows in a database that several workspaces share are found by it.
    key
        What the rows in the folder's own databases are found by: the id, in a copy the id of the workspace that it was
        copied from, and in a workspace from before there were ids the name that its folder had.
    before
        The key under which a shared database may still have the rows of this workspace; empty when it has none.
    copied
        Whether those rows are another workspace's, so that they are copied and not moved.
    salt
        Makes the signatures of two workspaces differ.
    path
        Where the workspace was opened last, by which a copy is told.
    """

    id: str
    key: str
    before: str = ""
    copied: bool = False
    salt: str = ""
    path: str = ""

    @classmethod
    def fresh(cls, key: str = "", before: str = "") -> Identity:
        """Return a new identity; of a workspace from before there were ids with the names that its rows may have."""
        made = secrets.token_hex(16)
        return cls(made, key or made, before=key or before, salt=secrets.token_hex(16))

    def of_copy(self) -> Identity:
        """Return the identity of a copy of the workspace."""
        made = secrets.token_hex(16)
        return replace(self, id=made, before=self.id, copied=True, salt=secrets.token_hex(16))

    @property
    def signed_part(self) -> str:
        """The text that the signature is over."""
        return json.dumps(["nexus workspace", self.id, self.key, self.before, self.copied, self.salt, self.path])


def write_identity(folder: Path, identity: Identity, account: Account) -> None:
    """Sign an identity and write it to a private folder; raises `OSError` when it cannot be written."""
    signed = {**asdict(identity), "signature": account.sign(identity.signed_part)}
    private.replace(folder / _FILE, json.dumps(signed, indent=1))


def read_identity(folder: Path, account: Account | None) -> Identity | None:
    """Return the identity in a private folder; ``None`` when there is none that this account signed.

    Without an account, the signature is not looked at.
    """
    try:
        found = json.loads(private.read(folder / _FILE, _MOST))
        signature = str(found.pop("signature"))
        identity = Identity(**found)
    except (StorageError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    text = [identity.id, identity.key, identity.before, identity.salt, identity.path]
    if not all(isinstance(one, str) for one in text) or not isinstance(identity.copied, bool):
        return None
    return identity if account is None or account.signed(identity.signed_part, signature) else None


def settle_place(root: Path, identity: Identity, account: Account) -> Identity:
    """Return the identity that a folder has from now on, which is another one when it is a copy; both are noted."""
    here = root / private.PRIVATE
    places = {identity.path, account.place(identity.id)} - {"", str(root)}
    if any(_same_id(Path(place) / private.PRIVATE, here, identity, account) for place in sorted(places)):
        identity = identity.of_copy()
    if identity.path != str(root):
        identity = replace(identity, path=str(root))
        write_identity(here, identity, account)
    account.note(identity.id, str(root), mark_of(here))
    return identity


def mark_of(folder: Path) -> str:
    """Return what the file system says of a private folder's identity file.

    It stays when the folder is renamed. Who copies, unpacks or restores the folder cannot give the file the same one.
    """
    found = (folder / _FILE).lstat()
    return f"{found.st_ino} {found.st_ctime_ns}"


def former_key(file: Path) -> str:
    """Return the name that most rows of a workspace's own journal are kept under; empty when there are none.

    Raises
    ------
    StorageError
        If the file cannot be read.
    """
    if not file.exists():
        return ""
    query = "SELECT workspace FROM journal GROUP BY workspace ORDER BY count(*) DESC, max(ts) DESC LIMIT 1"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            found = connection.execute(query).fetchone()
    except DAMAGED as error:
        if "no such table" in str(error):
            return ""
        raise StorageError(f"The journal at {file} cannot be read: {error}.") from error
    return str(found[0]) if found is not None else ""


def _same_id(other: Path, here: Path, identity: Identity, account: Account) -> bool:
    """Tell whether another folder, and not this one under another path, has the same identity."""
    found = read_identity(other, account)
    return found is not None and found.id == identity.id and not other.samefile(here)
