"""Looking a journal through: whether every row is there and as written, and the checkpoints show the same.

Nothing is changed, and nobody is kept from working meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.snapshot import dump, load
from nexus_jupyter.protocol.errors import NexusError, StorageError
from nexus_jupyter.storage import Checkpoint, Mark, chained, entry_of
from nexus_jupyter.storage.database import connect, reason, schema_fault, shown
from nexus_jupyter.storage.salvage import Salvage, integrity, salvage
from nexus_jupyter.storage.schema import checkpoints, compactions, journal
from nexus_jupyter.workspace.panels import panel_names

__all__ = ["Contents", "Verdict", "ranges", "read_database", "read_file", "verify"]

Row = Mapping[str, Any]  # Any: columns of several types


@dataclass
class Contents:
    """All that could be read of a workspace's journal: rows and checkpoints by rev, where it begins, whose."""

    rows: dict[int, Row]
    checkpoints: dict[int, Checkpoint]
    base: Mark
    faults: list[str] = field(default_factory=list)
    workspace: str = ""

    @property
    def last(self) -> int:
        """The newest rev that a row or a checkpoint tells of."""
        return max([self.base.rev, *self.rows, *self.checkpoints])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: how many rows and checkpoints, up to which rev, a sentence per fault, and the panels if known."""

    rows: int
    checkpoints: int
    last: int
    faults: tuple[str, ...]
    panels: tuple[str, ...] | None = None


def verify(contents: Contents) -> Verdict:
    """Check rows and checkpoints against each other."""
    faults = list(contents.faults)
    graph = _start(contents, faults)
    digest = contents.base.digest
    last = max([contents.base.rev, *contents.rows])
    missing: list[int] = []
    for rev in range(contents.base.rev + 1, last + 1):
        row = contents.rows.get(rev)
        if row is None:
            missing.append(rev)
            graph = None
            continue
        # After a missing row, what the next one is chained to is not known.
        if (not missing or missing[-1] != rev - 1) and chained(digest, row) != row["digest"]:
            faults.append(f"Rev {rev} is not what was written.")
            graph = None
        digest = row["digest"]
        graph = _advance(graph, row, faults)
        if rev in contents.checkpoints:
            faults += _compare(contents.checkpoints[rev], digest, graph)
    if missing:
        faults.insert(0, f"The journal lacks rev {ranges(missing)}.")
    beyond = [rev for rev in contents.checkpoints if rev > last]
    if beyond:
        faults.append(f"The journal ends at rev {last}, but there is a checkpoint of rev {max(beyond)}.")
    panels = tuple(panel_names(graph)) if graph is not None and not beyond else None
    return Verdict(len(contents.rows), len(contents.checkpoints), contents.last, tuple(faults), panels)


def read_file(file: Path, workspace: str = "") -> Contents:
    """Read a SQLite file, however damaged, as far as it can be read; without a key, the workspace of most rows."""
    pages = integrity(file)
    found = {table: salvage(file, table) for table in ("journal", "checkpoints", "compactions")}
    faults = [f"The file {file.name} has damaged pages: {said}." for said in pages]
    for table, part in found.items():
        faults += [f"The table '{table}' cannot be read everywhere: {said}." for said in part.errors]
    if not faults and (fault := schema_fault(file)):
        faults.append(fault)
    workspace = workspace or _most(found["journal"].rows or found["checkpoints"].rows)
    return _contents(workspace, {table: part.rows for table, part in found.items()}, faults)


def read_database(url: str, workspace: str) -> Contents:
    """Read a workspace from a database server.

    Raises
    ------
    StorageError
        If it cannot be reached, or there is no journal of this version in it.
    """
    engine = connect(url)
    found: dict[str, Salvage] = {}
    try:
        with engine.connect() as connection:
            for table in (journal, checkpoints, compactions):
                rows = connection.execute(select(table).where(table.c.workspace == workspace)).mappings()
                found[table.name] = Salvage([dict(row) for row in rows])
    except SQLAlchemyError as error:
        raise StorageError(f"The journal at {shown(engine)} cannot be read: {reason(error)}.") from error
    finally:
        engine.dispose()
    return _contents(workspace, {table: part.rows for table, part in found.items()}, [])


def _contents(
    workspace: str, found: Mapping[str, list[dict[str, Any]]], faults: list[str]
) -> Contents:  # Any: as above
    mine = {table: [row for row in rows if row["workspace"] == workspace] for table, rows in found.items()}
    old = [str(row["rev"]) for row in mine["journal"] if not row.get("digest")]
    if old:
        faults.append(f"Rows without a digest: rev {old[0]} and {len(old) - 1} others. Open the workspace once.")
    snapshots = {}
    for row in mine["checkpoints"]:
        snapshots[row["rev"]] = Checkpoint(row["rev"], row["ts"], row["digest"], bytes(row["body"]))
    bases = [Mark(row["last_rev"], row["ts"], row["digest"]) for row in mine["compactions"]]
    base = max(bases, key=lambda mark: mark.rev, default=Mark())
    rows: dict[int, Row] = {row["rev"]: {"digest": "", **row} for row in mine["journal"] if row["rev"] > base.rev}
    return Contents(rows, snapshots, base, faults, workspace)


def _most(rows: list[dict[str, Any]]) -> str:  # Any: as above
    counted = Counter(str(row["workspace"]) for row in rows)
    return counted.most_common(1)[0][0] if counted else ""


def _start(contents: Contents, faults: list[str]) -> Graph | None:
    if not contents.base.rev:
        return Graph()
    first = contents.checkpoints.get(contents.base.rev)
    if first is None:
        faults.append(f"The journal begins after rev {contents.base.rev}, but there is no checkpoint of it.")
        return None
    try:
        return load(first.body)
    except StorageError as error:
        faults.append(f"The checkpoint of rev {first.rev}, with which the journal begins: {error.message}")
        return None


def _advance(graph: Graph | None, row: Row, faults: list[str]) -> Graph | None:
    try:
        entry = entry_of(row)
    except ValidationError as error:
        faults.append(f"Rev {row['rev']} cannot be read: {error.errors()[0]['msg']}.")
        return None
    if graph is None:
        return None
    try:
        return apply(graph, entry.redo(graph), rev=entry.rev).graph
    except NexusError as error:
        faults.append(f"Rev {entry.rev} does not follow from what was before it: {error.message}")
        return None


def _compare(checkpoint: Checkpoint, digest: str, graph: Graph | None) -> list[str]:
    if checkpoint.digest != digest:
        return [f"The checkpoint of rev {checkpoint.rev} shows another history than the journal."]
    try:
        shown_graph = load(checkpoint.body)
    except StorageError as error:
        return [f"The checkpoint of rev {checkpoint.rev} cannot be used: {error.message}"]
    # Where the rows before it are damaged, there is nothing to compare it with.
    if graph is not None and dump(shown_graph) != dump(graph):
        return [f"The checkpoint of rev {checkpoint.rev} is not what a replay of the journal gives."]
    return []


def ranges(revs: list[int]) -> str:
    """Write numbers as people do: ``3, 5 to 9``."""
    parts: list[list[int]] = []
    for rev in revs:
        if parts and rev == parts[-1][1] + 1:
            parts[-1][1] = rev
        else:
            parts.append([rev, rev])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in parts)
