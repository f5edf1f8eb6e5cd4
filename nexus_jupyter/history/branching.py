"""Branches that begin in the past: a commit of panels as they were, on a branch of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping

from nexus_jupyter.history.layout import blob_id, first_files, in_panels, owned
from nexus_jupyter.history.refs import check_name, references
from nexus_jupyter.history.store import VersionStore
from nexus_jupyter.history.stream import Content, commit_stream
from nexus_jupyter.protocol.errors import HistoryError
from nexus_jupyter.protocol.identity import Actor

__all__ = ["branch_with"]


def branch_with(
    store: VersionStore, name: str, files: Mapping[str, bytes], message: str, actor: Actor, *, when: int
) -> str:
    """Make a branch whose one new commit holds these panels, and return its id. The folder's files stay as they are.

    Parameters
    ----------
    store
        The repository.
    name
        The branch's.
    files
        Contents of the panels' files by path.
    message, actor
        Of the commit.
    when
        Seconds since the epoch that the panels are of: the commit follows the newest version of the present branch that
        was there then, so that a merge knows what both have in common. Files that are no panels are that version's.

    Raises
    ------
    HistoryError
        If there is a branch of that name, or it is no name for one.
    """
    check_name(name, "branch")
    before = [version for version in store.log(1000) if version.time.timestamp() <= when]
    parent = before[0].id if before else None
    with store.locked() as git:
        if f"refs/heads/{name}" in references(git):
            raise HistoryError(f"There is a branch '{name}' already.", hint="Choose another name.")
        held = store.blobs(parent)
        length = len(next(iter(held.values())).id) if held else 40
        changes: dict[str, Content] = {
            path: data for path, data in files.items() if path not in held or held[path].id != blob_id(data, length)
        }
        changes |= {path: None for path in held if owned(path) and in_panels(path) and path not in files}
        changes |= first_files(store.tree, held)
        parents = [parent] if parent is not None else []
        stream = commit_stream(name, changes, parents, message, actor, time=int(time.time()))
        return git.run("fast-import", "--quiet", "--done", stdin=stream).decode().strip()
