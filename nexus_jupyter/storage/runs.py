"""Recordings of runs: everything that went into a machine and came out of it, so that it can be run again.

They are written in the background, together: a crash may lose the last ones, but never a change, which is in the
journal before it is acknowledged.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from dataclasses import dataclass

import msgpack
from sqlalchemy import Connection, Engine, delete, func, insert, or_, select
from sqlalchemy.exc import SQLAlchemyError

from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.storage.database import close_database, reason
from nexus_jupyter.storage.schema import programs, runs

__all__ = ["RunRecording", "RunStore"]

_log = logging.getLogger(__name__)
#: Seconds that recordings wait for others, to be written together.
_DELAY = 0.25
#: Bytes of recordings that may wait to be written; more are dropped.
_WAITING_BYTES = 64 << 20
#: What a recording takes beside its steps, about.
_ROW_BYTES = 512


@dataclass(frozen=True, slots=True)
class RunRecording:
    """One run.

    Attributes
    ----------
    id
        The run's.
    ts
        When it began, in nanoseconds since the epoch.
    panel, action, actor
        What ran, on whose behalf.
    outcome
        ``done``, or the kind of its failure.
    program
        Digest of the program.
    files
        The program: sources by file name.
    cpu_ms, wall_ms, memory_bytes
        What it used.
    steps
        Time (nanoseconds), message and report of each step.
    """

    id: str
    ts: int
    panel: str
    action: str
    actor: str
    outcome: str
    program: str
    files: tuple[tuple[str, str], ...]
    cpu_ms: float
    wall_ms: float
    memory_bytes: int
    steps: tuple[tuple[int, bytes, bytes], ...]

    @property
    def size(self) -> int:
        """Bytes, about."""
        return sum(len(message) + len(report) for _, message, report in self.steps) + _ROW_BYTES


class RunStore:
    """The recordings of one workspace.

    Parameters
    ----------
    engine
        From `open_database`.
    workspace
        The workspace's name.
    kept, kept_bytes
        How many are kept, and how much they may take on disk, about; older ones are deleted now and then.
    """

    def __init__(self, engine: Engine, workspace: str, *, kept: int = 10_000, kept_bytes: int = 256 << 20) -> None:
        self._engine = engine
        self._workspace = workspace
        self._kept = kept
        self._kept_bytes = kept_bytes
        #: Bytes written since old ones were last looked for; so many that it is done at the first chance.
        self._since_pruned = kept_bytes
        self._waiting = deque[RunRecording]()
        self._waiting_bytes = 0
        self._known: set[str] = set()
        self._wake = threading.Event()
        self._closing = False
        self._counting = threading.Lock()
        self._writing = threading.Lock()
        self._writer = threading.Thread(target=self._write_all, name="nexus-runs", daemon=True)
        self._writer.start()

    def keep(self, recording: RunRecording) -> None:
        """Write a recording soon."""
        with self._counting:
            if self._waiting_bytes + recording.size > _WAITING_BYTES:
                return
            self._waiting_bytes += recording.size
            self._waiting.append(recording)
        self._wake.set()

    def load(self, run: str) -> RunRecording:
        """Return a recording.

        Raises
        ------
        NotFoundError
            If there is none, or not any more.
        """
        self.flush()
        query = select(runs, programs.c.files).join(programs, programs.c.digest == runs.c.program)
        with self._engine.connect() as connection:
            row = connection.execute(query.where(runs.c.id == run, runs.c.workspace == self._workspace)).one_or_none()
        if row is None:
            raise NotFoundError(
                f"There is no recording of a run '{run}'.", hint=f"The last {self._kept} runs are kept; see ws.runs."
            )
        steps = tuple((now, message, report) for now, message, report in msgpack.unpackb(row.steps))
        files = tuple((file, source) for file, source in json.loads(row.files))
        plain = {name: getattr(row, name) for name in _COLUMNS}
        return RunRecording(**plain, files=files, steps=steps)

    def newest(self, limit: int = 1000) -> list[dict[str, object]]:
        """Return the newest runs without their steps, newest first."""
        self.flush()
        columns = [runs.c[name] for name in _COLUMNS if name != "program"]
        query = select(*columns).where(runs.c.workspace == self._workspace).order_by(runs.c.ts.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - SQLAlchemy's public name

    def flush(self) -> None:
        """Write what waits."""
        with self._writing:
            with self._counting:
                batch, self._waiting_bytes = list(self._waiting), 0
                self._waiting.clear()
            if batch:
                self._write(batch)

    def close(self) -> None:
        """Write what waits and close all connections."""
        self._closing = True
        self._wake.set()
        self._writer.join()
        close_database(self._engine)

    def _write_all(self) -> None:
        while not self._closing:
            self._wake.wait()
            self._wake.clear()
            if not self._closing:
                threading.Event().wait(_DELAY)
            self.flush()

    def _write(self, batch: list[RunRecording]) -> None:
        rows = []
        for recording in batch:
            plain = {name: getattr(recording, name) for name in _COLUMNS}
            rows.append({**plain, "workspace": self._workspace, "steps": msgpack.packb(recording.steps)})
        used = {recording.program: recording for recording in batch if recording.program not in self._known}
        self._since_pruned += sum(len(row["steps"]) + _ROW_BYTES for row in rows)
        try:
            with self._engine.begin() as connection:
                for recording in used.values():
                    _keep_program(connection, recording)
                connection.execute(insert(runs), rows)
                pruned = self._since_pruned > self._kept_bytes // 16 and self._prune(connection)
        except SQLAlchemyError as error:
            _log.warning("Recordings of %d runs could not be written: %s", len(batch), reason(error))
            return
        # Only now: had it been rolled back, the next run of the program would lack it.
        self._known = set() if pruned else self._known | used.keys()

    def _prune(self, connection: Connection) -> bool:
        """Delete what is beyond the newest ones, by number and by size, and the programs that nothing runs any more."""
        mine = runs.c.workspace == self._workspace
        newest_first = runs.c.ts.desc()
        size = func.sum(func.length(runs.c.steps) + _ROW_BYTES).over(order_by=newest_first)
        sized = select(runs.c.ts, size.label("size"), func.row_number().over(order_by=newest_first).label("place"))
        every = sized.where(mine).subquery()
        beyond = or_(every.c.size > self._kept_bytes, every.c.place > self._kept)
        edge = connection.execute(select(func.max(every.c.ts)).where(beyond)).scalar()
        if edge is not None:
            connection.execute(delete(runs).where(mine, runs.c.ts <= edge))
            connection.execute(delete(programs).where(programs.c.digest.not_in(select(runs.c.program))))
        self._since_pruned = 0
        return edge is not None


def _keep_program(connection: Connection, recording: RunRecording) -> None:
    found = connection.execute(select(programs.c.digest).where(programs.c.digest == recording.program)).first()
    if found is None:
        row = {"digest": recording.program, "panel": recording.panel, "files": json.dumps(recording.files)}
        connection.execute(insert(programs), [row])


_COLUMNS = tuple(name for name in RunRecording.__slots__ if name not in {"files", "steps"})
