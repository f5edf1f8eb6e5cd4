"""One owner per workspace.

On a database that many can reach, two things keep a second server out. An advisory lock, held on a connection of its
own, refuses it at once while the first one lives. A token in the table ``owners``, which grows with each owner, is
looked at in every transaction that writes: should the lock have been lost unseen and somebody else have taken the
workspace over, nothing is written. A database in the workspace's folder has the folder's lock and the token.
"""

from __future__ import annotations

import os
import select
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from threading import Event
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy import select as query
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.database import DAMAGED, examine_advice, reason, shown
from nexus_jupyter.storage.schema import owners

__all__ = ["Fence", "Ownership"]

#: Seconds that the lock is waited for, and between two tries.
_PATIENCE, _PAUSE = 2.0, 0.05
_HOLDER = "SELECT token, holder, since FROM owners WHERE workspace = ?"


class Fence:
    """The right to write to a workspace in a file, whose lock the folder has: the token alone.

    The lock keeps other processes out while it is held. The token stops who goes on without it: a workspace that was
    closed, or whose lock file was deleted, and that another opening has taken over meanwhile.

    Parameters
    ----------
    engine
        From `open_database`.
    workspace
        The key of the workspace's rows.

    Raises
    ------
    StorageError
        If the token cannot be written.
    """

    def __init__(self, engine: Engine, workspace: str) -> None:
        self._workspace = workspace
        try:
            self._token = _taken(engine, workspace)
        except SQLAlchemyError as error:
            raise StorageError(
                f"The journal at {shown(engine)} cannot be written: {reason(error)}.",
                hint=examine_advice(engine),
            ) from error

    def check(self, connection: Connection, *, alone: bool = False) -> None:  # noqa: ARG002 - as `Ownership.check`
        """Make sure, inside a transaction that is about to write, that nobody has opened the workspace since.

        Raises
        ------
        StorageError
            If somebody has.
        """
        # By the driver itself: each change comes through here, and SQLAlchemy takes several times as long.
        driver: Any = connection.connection.dbapi_connection  # Any: the driver's own connection type
        try:
            if not driver.in_transaction:
                # The driver begins at the first change, which would leave a gap between it and what is read here.
                driver.execute("BEGIN IMMEDIATE")
            row = driver.execute(_HOLDER, (self._workspace,)).fetchone()
        except DAMAGED as error:
            raise OperationalError(_HOLDER, None, error) from error
        if row is None or row[0] != self._token:
            holder = f"{row[1]}, since {row[2]}" if row is not None else "unknown"
            raise StorageError(
                f"Nothing was saved: the workspace has been opened again elsewhere since ({holder}).",
                hint="Close it here, and use the one that was opened last.",
            )

    def release(self) -> None:
        """Let others open the workspace; the folder's lock is let go by the folder."""


class Ownership:
    """The right to write to a workspace, from construction to `release`.

    Parameters
    ----------
    engine
        From `open_database`, of PostgreSQL.
    workspace
        The workspace's name.

    Raises
    ------
    StorageError
        If another process has the workspace open.
    """

    def __init__(self, engine: Engine, workspace: str) -> None:
        self._engine = engine
        self._workspace = workspace
        self._key = int.from_bytes(blake2b(f"nexus {workspace}".encode(), digest_size=8).digest(), signed=True)
        self._connection: Connection | None = None
        self._lost = ""
        try:
            ours = self._locked_soon()
            self._token = self._take() if ours else 0
            holder = "" if ours else self._holder()
        except SQLAlchemyError as error:
            self.release()
            raise StorageError(
                f"The workspace '{workspace}' at {shown(engine)} cannot be opened: {reason(error)}.",
                hint="Check that the database server runs and can be reached.",
            ) from error
        if not ours:
            self.release()
            raise StorageError(
                f"The workspace '{workspace}' at {shown(engine)} is open in another process ({holder}).",
                hint="Close it there, or reach it through its server with nexus.connect().",
            )

    def check(self, connection: Connection, *, alone: bool = False) -> None:
        """Make sure, inside a transaction that is about to write, that the workspace is still ours.

        Parameters
        ----------
        connection
            The transaction's. Nobody can take the workspace over before it has ended.
        alone
            Whether to wait until no other transaction of this owner is under way.

        Raises
        ------
        StorageError
            If somebody else has taken the workspace over. Then it is never ours again.
        """
        if not self._lost and not self._alive():
            self._renew()
        if not self._lost:
            found = query(owners.c.token).where(owners.c.workspace == self._workspace).with_for_update(read=not alone)
            if connection.execute(found).scalar() != self._token:
                self._lost = self._holder()
        if self._lost:
            raise StorageError(
                f"Nothing was saved: the workspace '{self._workspace}' has been taken over by another process "
                f"({self._lost}) after this one lost its connection to the database.",
                hint="Close the workspace here and open it again, once the other one has closed it.",
            )

    def release(self) -> None:
        """Let others open the workspace."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        # Closed and not given back to the pool: the lock belongs to the session and ends with it.
        with suppress(SQLAlchemyError):
            connection.invalidate()
        with suppress(SQLAlchemyError):
            connection.close()

    def _locked_soon(self) -> bool:
        """Take the lock; the server may need a moment to notice that a process that was killed has gone."""
        give_up = time.monotonic() + _PATIENCE
        while not self._lock():
            if time.monotonic() > give_up:
                return False
            Event().wait(_PAUSE)
        return True

    def _lock(self) -> bool:
        self.release()
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return bool(self._connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}).scalar())

    def _take(self) -> int:
        # Waits for transactions of an owner before that are under way: what they write is there when this returns.
        return _taken(self._engine, self._workspace)

    def _holder(self) -> str:
        with self._engine.connect() as connection:
            found = query(owners.c.holder, owners.c.since).where(owners.c.workspace == self._workspace)
            row = connection.execute(found).one_or_none()
        return f"{row.holder}, since {row.since}" if row is not None else "unknown"

    def _alive(self) -> bool:
        """Tell whether the lock's connection is there, without asking the server: it says nothing unless it ends."""
        if self._connection is None or self._connection.closed or self._connection.invalidated:
            return False
        driver: Any = self._connection.connection.dbapi_connection  # Any: the driver's own connection type
        if driver is None or driver.closed:
            return False
        waiting = select.poll()
        waiting.register(driver.fileno(), select.POLLIN)
        if not waiting.poll(0):
            return True
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def _renew(self) -> None:
        """Take the lock again after its connection was lost; whoever has it by now is the owner."""
        if not self._lock():
            self._lost = self._holder()


def _taken(engine: Engine, workspace: str) -> int:
    """Make this process the owner of a workspace's rows, and return its token."""
    insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
    named = {"holder": f"{socket.gethostname()}, process id {os.getpid()}", "since": datetime.now(UTC).isoformat()}
    statement = insert(owners).values(workspace=workspace, token=1, **named)
    statement = statement.on_conflict_do_update(
        index_elements=[owners.c.workspace], set_={"token": owners.c.token + 1, **named}
    )
    with engine.begin() as connection:
        return int(connection.execute(statement.returning(owners.c.token)).scalar_one())
