"""Committing, and going on from another version: what keeps the graph, git and the folder's files together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nexus_jupyter.history import FILES, Blob, Content, Version, VersionStore, in_panels, owned, untouched
from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.errors import ConflictError, HistoryError, NotFoundError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.comparing import panel_changes
from nexus_jupyter.workspace.conflicts import open_conflicts
from nexus_jupyter.workspace.incoming import Incoming
from nexus_jupyter.workspace.panels import panel_names, panel_view
from nexus_jupyter.workspace.position import Position, read_position, write_position
from nexus_jupyter.workspace.versions import CHANGES_NAMED, checkout_ops, describe, panel_of, version_files
from nexus_jupyter.workspace.writer import Draft, Writer

__all__ = ["Committer"]


class Committer:
    """Makes commits of the graph, and the graph that of a commit. Its callers hold a lock.

    Parameters
    ----------
    store
        The repository.
    incoming
        Merges versions into the graph.
    writer, reactor
        Of the workspace.
    file
        Where the position is kept.
    """

    def __init__(self, store: VersionStore, incoming: Incoming, writer: Writer, reactor: Reactor, file: Path) -> None:
        self._store = store
        self._incoming = incoming
        self._writer = writer
        self._reactor = reactor
        self._file = file
        self._printed: dict[str, str] = {}

    @property
    def position(self) -> Position:
        """Where the workspace stands."""
        return read_position(self._file)

    @position.setter
    def position(self, position: Position) -> None:
        write_position(self._file, position)

    def files(self, graph: Graph) -> dict[str, bytes]:
        """Return the files of panels that a version of a graph would have."""
        texts = [panel_view(graph, name).nxml for name in panel_names(graph)]
        new = [text for text in texts if text not in self._printed]
        printed = dict(zip(new, self._reactor.format_all(new), strict=True))
        self._printed = {text: printed.get(text) or self._printed[text] for text in texts}
        return version_files(graph, self._printed)

    def commit(self, message: str | None, actor: Actor) -> Version:
        """Commit the graph and the folder's files; nothing changed means the newest version again."""
        position, head = self.position, self._store.head()
        files = self.files(self._writer.head.graph)
        text = message or position.message or self._message(files, head)
        other: dict[str, Content] = {path: Blob(*one) if one else None for path, one in position.other.items()}
        version = self._store.commit(files, text, actor, merged=position.merging, other=other)
        self.position = Position(head=version.id, loaded=version.id)
        return version

    def take_in(self, actor: Actor) -> None:
        """Merge what git did from outside: commits that were pulled, or another branch that was gone to."""
        position, head = self.position, self._store.head()
        if head is None or head == position.head:
            return
        graph = self._writer.head.graph
        if position.head is None and not panel_names(graph):
            self.load(self._store.files(head), Cause(kind="checkout", ref=head), actor)
        else:
            version = self._store.resolve(head)
            by = (version.author, int(version.time.timestamp() * 1e9))
            base = self._store.files(self._known(position.head))
            self._incoming.bring(base, self._store.files(head), Cause(kind="merge", ref=head), actor, by)
        self.position = Position(head=head, loaded=head)

    def keep(self, why: str, actor: Actor) -> None:
        """Commit what no version has yet, before something else takes its place."""
        self.refuse_unanswered()
        self.take_in(actor)
        files, head = self.files(self._writer.head.graph), self._store.head()
        since = self._known(self.position.loaded) or head
        if since is None and not files and not any(self._store.own_files()):
            return
        if since is None or self._store.changes(files, since):
            self.commit(f"Before {why}: {self._message(files, head)}", actor)

    def load(self, files: Mapping[str, bytes], cause: Cause, actor: Actor) -> Change | None:
        """Make the graph's panels those of a version."""
        return self._writer.submit(lambda graph: Draft(checkout_ops(graph, files, self._reactor), actor, cause))

    def restore_files(self, commit: str) -> None:
        """Make the files below ``files/`` those of a version; what was there has been committed."""
        wanted = {path: blob for path, blob in self._store.blobs(commit).items() if _is_file(path)}
        here = dict(self._store.own_files())
        changes: dict[str, Content] = {path: blob for path, blob in wanted.items() if here.get(path) != blob.id}
        self._store.put(changes | {path: None for path in here if path not in wanted})
        self.position = replace(self.position, loaded=commit)

    def begin_merge(self, commit: str, message: str, changes: Mapping[str, Content]) -> None:
        """Note that the next commit is that of a merge."""
        other = {
            path: (content.mode, content.id) if isinstance(content, Blob) else None
            for path, content in changes.items()
            if not _is_file(path)
        }
        self.position = replace(self.position, merging=commit, message=message, other=other)

    def refuse_losing_all(self) -> None:
        """Refuse a version in which no panel of the newest one is left: it may be that the workspace is not read."""
        before = {panel_of(path) for path in self._store.files(self._store.head()) if path.startswith("panels/")}
        if not before or before & set(panel_names(self._writer.head.graph)):
            return
        some = ", ".join(f"'{name}'" for name in sorted(before)[:3]) + (" and others" if len(before) > 3 else "")  # noqa: PLR2004
        raise ConflictError(
            f"This version would delete every panel of the newest one: {some}. Nothing was committed.",
            hint="If that is meant: commit(without_panels=True). If not: ws.history.checkout('HEAD') brings them back.",
        )

    def refuse_unanswered(self) -> None:
        """Refuse to go on while a merge's questions are open."""
        if self.position.merging is None:
            return
        count = len(open_conflicts(self._writer.head.graph))
        what = "a question" if count == 1 else f"{count} questions"
        raise ConflictError(
            f"A merge is under way that has {what} open." if count else "A merge is under way that is not committed.",
            hint="Answer them (ws.history.conflicts(), panel.resolve), or commit as it is: ws.history.commit().",
        )

    def refuse_unsaved(self, changes: Mapping[str, Content]) -> None:
        """Refuse to overwrite a file of the user's that no version has as it is."""
        here = self._store.blobs(self._store.head())
        mine = [path for path in changes if not owned(path)]
        held = self._store.read({path: here[path] for path in mine if path in here})
        for path in mine:
            tree = self._store.tree
            if tree.read(path) not in (held.get(path), None) and not (path not in held and untouched(tree, path)):
                raise HistoryError(
                    f"The file {path} has changes that are in no version, and another one would take its place.",
                    hint="Commit it with git, or move it away.",
                )

    def _message(self, files: Mapping[str, bytes], head: str | None) -> str:
        held = {path: blob.id for path, blob in self._store.blobs(head).items() if _is_file(path)}
        here = dict(self._store.own_files())
        changed = [path for path in {*held, *here} if held.get(path) != here.get(path)]
        before = self._store.files(head)
        names = sorted({panel_of(path) for path in {*before, *files} if before.get(path) != files.get(path)})
        # A message names a few panels; what changed in the others is not worth the time.
        told = set(names[:CHANGES_NAMED])
        old, new = ({path: one for path, one in side.items() if panel_of(path) in told} for side in (before, files))
        return describe(panel_changes(old, new, self._reactor), changed, more=len(names) - len(told))

    def _known(self, commit: str | None) -> str | None:
        """Return a commit if the repository still has it."""
        try:
            return self._store.resolve(commit).id if commit is not None else None
        except (HistoryError, NotFoundError):
            return None


def _is_file(path: str) -> bool:
    return path.startswith(f"{FILES}/") and owned(path) and not in_panels(path)
