"""Committing, and going on from another version: what keeps the graph, git and the folder's files together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from operator import is_
from pathlib import Path

from nexus_jupyter.history import FILES, Blob, Content, Version, VersionStore, content_id, in_panels, owned, untouched
from nexus_jupyter.nog import Graph
from nexus_jupyter.nog.graph import Record
from nexus_jupyter.protocol.errors import ConflictError, HistoryError, NotFoundError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change, Op
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.comparing import panel_changes
from nexus_jupyter.workspace.conflicts import open_conflicts
from nexus_jupyter.workspace.handedits import record_edits
from nexus_jupyter.workspace.incoming import Brought, Incoming
from nexus_jupyter.workspace.panels import panel_names, panel_view
from nexus_jupyter.workspace.position import Position, read_position, write_position
from nexus_jupyter.workspace.secrets import likeness, secrets_error
from nexus_jupyter.workspace.versions import (
    CHANGES_NAMED,
    checkout_ops,
    describe,
    panel_files,
    panel_of,
    panel_records,
)
from nexus_jupyter.workspace.writer import Draft, Writer

__all__ = ["Committer", "overruled"]

#: Files that are left out of a version and named one by one.
_NAMED = 20


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
        #: The panels' records that files were made from last, and the files.
        self._made: dict[str, tuple[list[Record], dict[str, bytes]]] = {}
        #: The graph whose files were asked for last, and the files; graphs never change.
        self._last: tuple[Graph, dict[str, bytes]] | None = None
        #: Sentences for the person who commits next.
        self.notes: list[str] = []

    @property
    def position(self) -> Position:
        """Where the workspace stands."""
        return read_position(self._file)

    @position.setter
    def position(self, position: Position) -> None:
        write_position(self._file, position)

    def files(self, graph: Graph) -> dict[str, bytes]:
        """Return the files of panels that a version of a graph would have."""
        last = self._last
        if last is None or last[0] is not graph:
            self._last = last = graph, self._files(graph)
        return last[1]

    def _files(self, graph: Graph) -> dict[str, bytes]:
        records = {name: panel_records(graph, name) for name in panel_names(graph)}
        self._made = {name: made for name, made in self._made.items() if _same(made[0], records.get(name, ()))}
        new = [name for name in records if name not in self._made]
        printed = self._reactor.format_all([panel_view(graph, name).nxml for name in new])
        for name, text in zip(new, printed, strict=True):
            self._made[name] = records[name], panel_files(name, text, records[name])
        return {path: data for name in records for path, data in self._made[name][1].items()}

    def commit(self, message: str | None, actor: Actor, *, include: Collection[str] = (), asks: bool = True) -> Version:
        """Commit the graph and the folder's files; nothing changed means the newest version again.

        Parameters
        ----------
        message
            Made from what changed when left out.
        actor
            Who commits.
        include
            Files that go into the version although they look like secrets.
        asks
            Whether files that look like secrets refuse the commit; else they are left out of it.

        Raises
        ------
        ConflictError
            If there are files that look like secrets, and nobody has said that they belong in.
        """
        self._store.make()  # what is ignored is asked of git
        position, head = self.position, self._store.head()
        secret = {path: why for path, why in self._secrets(head).items() if path not in include}
        if secret and asks:
            raise secrets_error(secret)
        files = self.files(self._writer.head.graph)
        text = message or position.message or self._message(files, head)
        other: dict[str, Content] = {path: Blob(*one) if one else None for path, one in position.other.items()}
        version = self._store.commit(
            files, text, actor, merged=position.merging, other=other, without=secret, written=self._written()
        )
        self.position = Position(head=version.id, loaded=version.id)
        notes = [*self.notes, *version.notes, *_left_out(self._store.left_out_files), *_kept_back(secret)]
        self.notes = []
        return replace(version, notes=tuple(dict.fromkeys(notes)))

    def commit_on_the_way(self, message: str | None, actor: Actor) -> Version:
        """Commit for what was asked instead; what the version's notes say is told to who commits or merges next."""
        version = self.commit(message, actor, asks=False)
        self.notes += version.notes
        return version

    def take_in(self, actor: Actor) -> None:
        """Merge what was made outside: commits that were pulled, another branch that was gone to, edits by hand."""
        written = self._written()
        self.take_commits(actor)
        edits = record_edits(self._store, written, self._incoming.attempt, lambda name: name in self._writer.head.graph)
        self.notes += edits.notes
        if edits.version is not None:
            self.take_commits(actor)

    def take_commits(self, actor: Actor) -> None:
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
            brought = self._incoming.bring(base, self._store.files(head), Cause(kind="merge", ref=head), actor, by)
            self.notes += overruled(brought)
        self.position = replace(position, head=head, loaded=head)

    def keep(self, why: str, actor: Actor) -> None:
        """Commit what no version has yet, before something else takes its place."""
        self.refuse_unanswered()
        self.take_in(actor)
        files, head = self.files(self._writer.head.graph), self._store.head()
        since = self._known(self.position.loaded) or head
        if since is None and not files and not self._store.own_files():
            return
        if since is None or self._store.changes(files, since):
            self.commit_on_the_way(f"Before {why}: {self._message(files, head)}", actor)

    def checkout_ops(self, graph: Graph, files: Mapping[str, bytes]) -> list[Op]:
        """Return the ops that make the panels of a graph those of a version; raises `HistoryError` if there are none.

        Panels that are the same there are neither read nor checked.
        """
        return checkout_ops(graph, files, self._reactor, self.files(graph))

    def load(self, files: Mapping[str, bytes], cause: Cause, actor: Actor) -> Change | None:
        """Make the graph's panels those of a version; what takes long is done while others can make changes."""
        change, _ = self._incoming.change(
            lambda graph: (self.checkout_ops(graph, files), None), lambda ops, _: Draft(ops, actor, cause)
        )
        return change

    def file_changes(self, commit: str) -> dict[str, Content]:
        """Return what makes the files below ``files/`` those of a version; what is in no version is no part of it."""
        wanted = {path: blob for path, blob in self._store.blobs(commit).items() if _is_file(path)}
        here = self._store.own_files()
        changes: dict[str, Content] = {path: blob for path, blob in wanted.items() if here.get(path) != blob.id}
        gone = [path for path, blob in here.items() if path not in wanted and blob in self._ids(path)]
        return changes | dict.fromkeys(gone)

    def restore_files(self, commit: str, changes: Mapping[str, Content]) -> None:
        """Make the files below ``files/`` those of a version; what was there has been committed."""
        self.notes += self._store.put(changes, [*self._bases(), commit])
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
        """Refuse to overwrite a file that no version has as it is, such as one that git ignores."""
        tree = self._store.tree
        for path, new in changes.items():
            data = tree.read(path)
            if data is None or (owned(path) and in_panels(path)):
                continue
            ids = {*self._ids(path), content_id(new, 40)}
            fresh = untouched(tree, path) and not self._ids(path)
            if fresh or any(content_id(data, len(one)) == one for one in ids):
                continue
            raise HistoryError(
                f"The file {path} has changes that are in no version, and another one would take its place.",
                hint="Commit it with git, or move it away.",
            )

    def _secrets(self, head: str | None) -> dict[str, str]:
        """Return the files that look like secrets and would be new in a version, with the reasons."""
        held = self._store.blobs(head)
        here = self._store.own_files(len(head) if head is not None else 40)
        new = [path for path, blob in here.items() if path not in held or held[path].id != blob]
        found = {path: why for path in new if (why := likeness(path, self._store.tree.read(path) or b""))}
        before = self._store.read({path: held[path] for path in found if path in held})
        return {path: why for path, why in found.items() if path not in before or not likeness(path, before[path])}

    def _bases(self) -> list[str]:
        """Return the commits that the files below ``files/`` and the user's own may be of."""
        found = [self._store.head(), self._known(self.position.loaded)]
        return [commit for commit in found if commit is not None]

    def _ids(self, path: str) -> list[str]:
        """Return the ids that a file has in those commits."""
        return [blobs[path].id for blobs in map(self._store.blobs, self._bases()) if path in blobs]

    def _written(self) -> list[str]:
        """Return commits besides the newest whose texts may be in the folder: a process may have been killed."""
        known = self._known(self.position.head)
        return [known] if known is not None else []

    def _message(self, files: Mapping[str, bytes], head: str | None) -> str:
        held = {path: blob.id for path, blob in self._store.blobs(head).items() if _is_file(path)}
        here = self._store.own_files()
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


def overruled(brought: Brought) -> list[str]:
    """Return sentences about the values that gave way in a merge."""
    return [
        f"{one.entity}: {one.value!r}, set {'here' if one.side == 'ours' else 'there'}, gave way to a later value"
        for one in brought.overruled
    ]


def _same(records: Sequence[Record], others: Sequence[Record]) -> bool:
    """Whether these are the very same records, which never change."""
    return len(records) == len(others) and all(map(is_, records, others))


def _left_out(files: Mapping[str, str]) -> list[str]:
    """Return sentences about files that no version can have."""
    some = [f"{path} {why}, so it is in no version." for path, why in sorted(files.items())[:_NAMED]]
    more = len(files) - len(some)
    return [*some, f"{more} more files are in no version for such reasons."] if more > 0 else some


def _kept_back(secret: Mapping[str, str]) -> list[str]:
    return [f"{path} {why}, so it was left out of the version." for path, why in sorted(secret.items())]


def _is_file(path: str) -> bool:
    return path.startswith(f"{FILES}/") and owned(path) and not in_panels(path)
