"""A journal as a file that any database can take in: JSON lines, each row with its digest.

The first line says what follows, and has the checkpoint that a compacted journal begins with; the last line says that
nothing is missing. Both are checked, and every digest, before anything is written.
"""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TextIO, cast

from pydantic import ValidationError

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.snapshot import dump, load
from nexus_jupyter.protocol.errors import NexusError, StorageError
from nexus_jupyter.storage import FIELDS, Checkpoint, CheckpointStore, Journal, Mark, chained, entry_of
from nexus_jupyter.workspace.folder import WorkspaceFolder
from nexus_jupyter.workspace.options import WorkspaceOptions
from nexus_jupyter.workspace.store import WorkspaceStore

__all__ = ["export_lines", "import_journal", "write_lines"]

_FORMAT, _VERSION = "nexus-journal", 2
#: Versions that can be read: rows of the first have whole values only.
_READ = (1, 2)
_BATCH = 1000
#: Characters of a line; the first one holds a whole checkpoint.
_LINE = 512 << 20

Row = dict[str, Any]  # Any: columns of several types


def export_lines(journal: Journal, checkpoints: CheckpointStore, workspace: str) -> Iterator[str]:
    """Yield the lines of a journal, without line ends, as it is when this begins.

    Raises
    ------
    StorageError
        If the journal cannot be read, or lacks the checkpoint that it begins with.
    """
    base, last = journal.base, journal.last_rev()
    head: Row = {"format": _FORMAT, "version": _VERSION, "workspace": workspace, "last": last, "checkpoint": None}
    if base.rev:
        first = checkpoints.get(base.rev)
        if first is None:
            raise StorageError(f"The journal begins after rev {base.rev}, but there is no checkpoint of it.")
        body = b64encode(first.body).decode()
        head["checkpoint"] = {"rev": first.rev, "ts": first.ts, "digest": first.digest, "body": body}
    yield _line(head)
    digest = base.digest
    for row in journal.rows(after=base.rev):
        if row["rev"] > last:
            break
        digest = row["digest"]
        yield _line({name: row[name] for name in (*FIELDS, "digest")})
    yield _line({"end": last, "digest": digest})


def write_lines(lines: Iterator[str], file: Path) -> None:
    """Write lines to a file, compressed if its name ends in ``.gz``; whole, or not at all."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with _text(unfinished, "wt", compressed=file.suffix == ".gz") as out:
            out.writelines(f"{line}\n" for line in lines)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def import_journal(file: Path, folder: Path, options: WorkspaceOptions) -> int:
    """Fill an empty workspace from an exported journal; return the rev reached.

    An import that was interrupted goes on where it stopped when it is begun again.

    Raises
    ------
    StorageError
        If the file is damaged, which names the line, or the workspace has another history.
    """
    found = _examine(file)
    owned = WorkspaceFolder(folder)
    try:
        store = WorkspaceStore(owned, options)
        try:
            _fill(store, file, found)
        finally:
            store.close()
    finally:
        owned.release()
    return found.last.rev


@dataclass(frozen=True, slots=True)
class _Found:
    """What a file holds: where it begins and ends, the checkpoint of its beginning, the graph at its end."""

    base: Mark
    first: Checkpoint | None
    last: Mark
    graph: Graph


def _fill(store: WorkspaceStore, file: Path, found: _Found) -> None:
    journal = store.journal
    there = journal.mark(journal.last_rev())
    if there is None or (there.rev and there.rev < found.base.rev) or there.rev > found.last.rev:
        raise _not_empty(journal)
    if there.rev == 0 and found.first is not None:
        store.checkpoints.put(found.first)
        journal.compact(found.base, f"Imported from {file.name}, which begins there.")
        there = found.base
    rows = (row for row, _ in _rows(file))
    for row in rows:
        if row["rev"] == there.rev and row["digest"] != there.digest:
            raise _not_empty(journal)
        if row["rev"] > there.rev:
            journal.restore([row, *islice(rows, _BATCH - 1)])
    last = found.last
    if last.rev > found.base.rev:
        store.checkpoints.put(Checkpoint(last.rev, last.ts, last.digest, dump(found.graph)))


def _not_empty(journal: Journal) -> StorageError:
    return StorageError(
        f"The workspace has a history of its own already, up to rev {journal.last_rev()}.",
        hint="Import into a new folder.",
    )


def _examine(file: Path) -> _Found:
    """Check every line of a file."""
    head = _head(file)
    first, graph = _first(file, head)
    base = Mark(first.rev, first.ts, first.digest) if first is not None else Mark()
    rev, ts, digest = base.rev, base.ts, base.digest
    for row, number in _rows(file):
        if row["rev"] != rev + 1:
            raise _damaged(file, number, f"rev {rev + 1} should be here, not rev {row['rev']}")
        digest = chained(digest, row)
        if digest != row["digest"]:
            raise _damaged(file, number, f"rev {row['rev']} is not what was exported")
        try:
            graph = apply(graph, entry_of({**row, "workspace": ""}).redo(graph), rev=row["rev"]).graph
        except (ValidationError, NexusError) as error:
            raise _damaged(file, number, f"rev {row['rev']} cannot be read") from error
        rev, ts = row["rev"], row["ts"]
    if rev != head["last"]:
        raise _damaged(file, 1, f"rev {head['last']} should be the last, but rev {rev} is")
    return _Found(base, first, Mark(rev, ts, digest), graph)


def _head(file: Path) -> Row:
    number, head = next(_lines(file), (1, {}))
    if head.get("format") != _FORMAT:
        raise _damaged(file, number, "this is no exported journal")
    if head.get("version") not in _READ:
        raise StorageError(f"{file} was exported by a newer Nexus.", hint="Update nexus-jupyter.")
    if not isinstance(head.get("last"), int):
        raise _damaged(file, number, "it does not say how far the journal goes")
    return head


def _first(file: Path, head: Row) -> tuple[Checkpoint | None, Graph]:
    kept = head.get("checkpoint")
    if kept is None:
        return None, Graph()
    try:
        first = Checkpoint(kept["rev"], kept["ts"], kept["digest"], b64decode(kept["body"], validate=True))
        return first, load(first.body)
    except (KeyError, TypeError, ValueError, StorageError) as error:
        raise _damaged(file, 1, "the checkpoint that it begins with cannot be read") from error


def _rows(file: Path) -> Iterator[tuple[Row, int]]:
    """Yield the rows with the numbers of their lines; raises `StorageError` unless the last line says that it is."""
    digest, number = None, 1
    for number, line in islice(_lines(file), 1, None):
        if "end" in line:
            if digest is not None and line.get("digest") != digest:
                raise _damaged(file, number, "the end does not fit what was before it")
            return
        if not all(name in line for name in (*FIELDS, "digest")) or not isinstance(line["rev"], int):
            raise _damaged(file, number, "this is no row of a journal")
        digest = line["digest"]
        yield line, number
    raise _damaged(file, number, "the file ends here, but the journal does not")


def _lines(file: Path) -> Iterator[tuple[int, Row]]:
    number = 0
    with _text(file, "rt", compressed=file.suffix == ".gz") as source:
        try:
            while text := source.readline(_LINE + 1):
                number += 1
                if len(text) > _LINE:
                    raise _damaged(file, number, f"this line is longer than {_LINE >> 20} MB")
                line = json.loads(text)
                if not isinstance(line, dict):
                    raise _damaged(file, number, "this is no row of a journal")
                yield number, line
        except (ValueError, RecursionError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _damaged(file, max(number, 1), "this cannot be read") from error


def _text(file: Path, mode: Literal["rt", "wt"], *, compressed: bool) -> TextIO:
    # newline: only line feeds end a line, on every system.
    if compressed:
        return cast("TextIO", gzip.open(file, mode, encoding="utf-8", newline="\n"))
    return cast("TextIO", file.open(mode, encoding="utf-8", newline="\n"))


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _damaged(file: Path, line: int, what: str) -> StorageError:
    return StorageError(
        f"{file}, line {line}: {what}. Nothing was imported.", hint="The file was cut off or edited; export it again."
    )
