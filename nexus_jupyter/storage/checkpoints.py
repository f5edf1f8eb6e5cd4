"""Checkpoints: snapshots of the graph beside the journal, so that not all of it need be replayed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.database import reading, reason
from nexus_jupyter.storage.schema import checkpoints

__all__ = ["Checkpoint", "CheckpointStore"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A snapshot.

    Attributes
    ----------
    rev
        The rev that it shows.
    ts
        When that was made, in nanoseconds since the epoch.
    digest
        That of the journal's row of this rev: a checkpoint of another history has another one.
    body
        From `nexus_jupyter.nog.snapshot`.
    """

    rev: int
    ts: int
    digest: str
    body: bytes


class CheckpointStore:
    """The checkpoints of one workspace.

    Parameters
    ----------
    engine
        From `open_database`.
    workspace
        The workspace's name.
    guard
        Called in each transaction that writes; raises when the workspace is not this process's own any more.
    """

    def __init__(
        self, engine: Engine, workspace: str, guard: Callable[[Connection], None] = lambda _connection: None
    ) -> None:
        self._engine = engine
        self._guard = guard
        self._workspace = workspace
        self._mine = checkpoints.c.workspace == workspace

    def put(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint; one of the same rev is replaced.

        Raises
        ------
        StorageError
            If it could not be written.
        """
        row = {"workspace": self._workspace, **{name: getattr(checkpoint, name) for name in Checkpoint.__slots__}}
        try:
            with self._engine.begin() as connection:
                self._guard(connection)
                connection.execute(delete(checkpoints).where(self._mine, checkpoints.c.rev == checkpoint.rev))
                connection.execute(insert(checkpoints), [row])
        except SQLAlchemyError as error:
            raise StorageError(f"The checkpoint could not be written: {reason(error)}.") from error

    def get(self, rev: int) -> Checkpoint | None:
        """Return the checkpoint of a rev; ``None`` when there is none."""
        with reading(self._engine) as connection:
            query = select(checkpoints).where(self._mine, checkpoints.c.rev == rev)
            row = connection.execute(query).one_or_none()
        return Checkpoint(row.rev, row.ts, row.digest, bytes(row.body)) if row is not None else None

    def revs(self) -> list[int]:
        """Return the revs that there are checkpoints of, in order."""
        with reading(self._engine) as connection:
            query = select(checkpoints.c.rev).where(self._mine).order_by(checkpoints.c.rev)
            return list(connection.execute(query).scalars())

    def sizes(self) -> dict[int, int]:
        """Return how many bytes each checkpoint has, by rev and in its order."""
        query = select(checkpoints.c.rev, func.length(checkpoints.c.body)).where(self._mine)
        with reading(self._engine) as connection:
            return {int(rev): int(size) for rev, size in connection.execute(query.order_by(checkpoints.c.rev))}

    def drop(self, revs: Collection[int]) -> None:
        """Delete checkpoints.

        Raises
        ------
        StorageError
            If that could not be done.
        """
        if not revs:
            return
        try:
            with self._engine.begin() as connection:
                self._guard(connection)
                connection.execute(delete(checkpoints).where(self._mine, checkpoints.c.rev.in_(revs)))
        except SQLAlchemyError as error:
            raise StorageError(f"Checkpoints could not be deleted: {reason(error)}.") from error
