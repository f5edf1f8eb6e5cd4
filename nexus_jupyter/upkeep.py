"""The command line's part in keeping a journal sound: verify, repair, export, import."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nexus_jupyter.doctor import Finding
from nexus_jupyter.protocol.errors import NexusError, NotFoundError
from nexus_jupyter.workspace import (
    WorkspaceOptions,
    import_journal,
    is_own,
    known_id,
    read_database,
    read_file,
    repair,
    set_aside,
    verify,
)

__all__ = ["bring_in", "options", "repaired", "verified"]


def options() -> WorkspaceOptions:
    """Return the options that the environment gives.

    They are a database server in ``NEXUS_DATABASE_URL``, and the workspace's id there in ``NEXUS_WORKSPACE_ID``.
    """
    return WorkspaceOptions(
        database_url=os.environ.get("NEXUS_DATABASE_URL", ""), workspace_id=os.environ.get("NEXUS_WORKSPACE_ID", "")
    )


def verified(folder: Path) -> Iterator[Finding]:
    """Look the journal of a workspace through, and yield what was found; never raises."""
    root = folder.expanduser().resolve()
    file = root / ".nexus" / "journal.db"
    url = options().database_url
    yield from _origin(root)
    if not url and not file.exists():
        yield Finding("journal", "error", f"There is no journal in {root}.", "Name the folder of a workspace.")
        return
    try:
        verdict = verify(read_database(url, options().workspace_id or known_id(root)) if url else read_file(file))
    except NexusError as error:
        yield Finding("journal", "error", error.message, error.hint)
        return
    advice = "Restore a backup of the database." if url else f"Run: nexus doctor --repair {root}"
    for fault in verdict.faults:
        yield Finding("journal", "error", fault, advice)
    unknown = _unknown_panels(root, verdict.panels)
    if unknown:
        said = f"The journal knows nothing of these files in panels/: {', '.join(unknown)}."
        yield Finding("journal", "error", said, "Do not commit before you know why; ws.panel(name, text) takes one in.")
    if not verdict.faults and not unknown:
        counted = f"{verdict.rows} rows and {verdict.checkpoints} checkpoints, up to rev {verdict.last}"
        yield Finding("journal", "ok", f"{counted}: all are there and as they were written")


def _origin(root: Path) -> Iterator[Finding]:
    """Tell of private folders that this account did not make."""
    advice = f"If you made it yourself, elsewhere or with an older version: nexus trust {root}"
    if not is_own(root):
        said = f"The folder .nexus in {root} was not made by this account on this machine; opening sets it aside."
        yield Finding("workspace", "warning", said, advice)
    for path in set_aside(root):
        said = f"{path} was not made by this account on this machine, and was set aside; nothing in it holds."
        yield Finding("workspace", "warning", said, advice)


def _unknown_panels(root: Path, known: tuple[str, ...] | None) -> list[str]:
    if known is None:
        return []
    return sorted(path.name for path in (root / "panels").glob("*.nxml") if path.stem not in known)


def repaired(folder: Path) -> list[str]:
    """Repair the journal of a workspace; return what was done and lost.

    Raises
    ------
    NotFoundError
        If there is none, or it is in a database server, which has backups of its own.
    StorageError
        If the workspace is open, or nothing can be recovered.
    """
    root = folder.expanduser().resolve()
    if options().database_url:
        raise NotFoundError(
            "Only a journal in files can be repaired, and NEXUS_DATABASE_URL names a database server.",
            hint="Restore a backup of it, or import an exported journal.",
        )
    if not (root / ".nexus").is_dir():
        raise NotFoundError(f"There is no workspace in {root}.")
    return repair(root)


def bring_in(file: Path, folder: Path) -> str:
    """Fill an empty workspace from an exported journal; return a sentence about it."""
    rev = import_journal(file, folder, options())
    return f"The workspace {folder.expanduser().resolve()} has the journal of {file} now, up to rev {rev}."
