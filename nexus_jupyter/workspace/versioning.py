"""``kernel.versions``: commits, branches, merges and their questions, of one workspace.

Nothing that was not committed is lost by going elsewhere: before a checkout, a switch, a merge or a pull, what is not
in a version yet is committed, with a message that says why. And nothing that git did from outside is overwritten: a
branch that has moved meanwhile is merged in first.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Collection
from typing import Literal

from nexus_jupyter.history import Remotes, Version, VersionStore, branch_with, in_panels, owned
from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.conflict import Conflict, Pick
from nexus_jupyter.protocol.errors import NexusError, NotFoundError
from nexus_jupyter.protocol.identity import SYSTEM, Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Cause, Change, Op
from nexus_jupyter.protocol.versions import BranchInfo, EntityChange, MergeInfo, RemoteInfo, VersionInfo
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.storage import Journal
from nexus_jupyter.trilog import Recorder
from nexus_jupyter.workspace.committing import Committer, overruled
from nexus_jupyter.workspace.comparing import file_changes, panel_changes
from nexus_jupyter.workspace.conflicts import open_conflicts, resolve_ops
from nexus_jupyter.workspace.filemerge import changed_files, merge_files
from nexus_jupyter.workspace.folder import WorkspaceFolder
from nexus_jupyter.workspace.incoming import Brought, Incoming
from nexus_jupyter.workspace.position import Position
from nexus_jupyter.workspace.reverting import revert_ops
from nexus_jupyter.workspace.writer import Draft, Head, Writer

__all__ = ["Versioning", "version_info"]

_LOG = logging.getLogger(__name__)
_ID_LENGTHS = (40, 64)


def version_info(version: Version) -> VersionInfo:
    """Return a commit as the API tells of it."""
    return VersionInfo(
        id=version.id,
        message=version.message,
        author=version.author,
        time=version.time.isoformat(),
        parents=list(version.parents),
        refs=list(version.refs),
        graph=version.graph,
        notes=list(version.notes),
    )


class Versioning:
    """Versions of one workspace.

    Parameters
    ----------
    folder
        The workspace's folder, which is the repository.
    writer, journal, reactor, recorder
        Of the workspace.
    file_limit
        Bytes that one file below ``files/`` may have.
    refuse
        Raises when a panel does not fit the others of a graph.
    """

    def __init__(
        self,
        folder: WorkspaceFolder,
        writer: Writer,
        journal: Journal,
        reactor: Reactor,
        recorder: Recorder,
        *,
        file_limit: int,
        refuse: Callable[[Graph, Build], None],
    ) -> None:
        self.store = VersionStore(folder.root, file_limit=file_limit)
        self.remotes = Remotes(self.store, folder.private)
        self.incoming = Incoming(writer, journal, reactor, self.store, refuse)
        self._committer = Committer(self.store, self.incoming, writer, reactor, folder.private / "versions.json")
        self._writer = writer
        self._journal = journal
        self._reactor = reactor
        self._recorder = recorder
        self._lock = threading.RLock()

    # Commits

    def adopt(self) -> None:
        """Take in the panels of a repository that was cloned and is opened for the first time."""
        if self._head.rev > 0:
            return
        try:
            self._committer.take_commits(SYSTEM)
        except NexusError as error:
            # The workspace is of use without its versions; the next commit refuses with the same sentence.
            _LOG.warning("The versions in %s cannot be used: %s", self.store.root, error)

    def files(self, graph: Graph) -> dict[str, bytes]:
        """Return the files that a version of a graph would have of its panels."""
        return self._committer.files(graph)

    def commit(
        self, message: str | None, actor: Actor, *, without_panels: bool = False, include: Collection[str] = ()
    ) -> Version:
        """Write the workspace's files and commit them; without a message, one is made from what changed.

        Files that were edited by hand are merged first. ``include`` names files that go into the version although they
        look like secrets.

        While a merge waits for answers, this is the merge's commit; the open questions travel along in it.

        Raises
        ------
        ConflictError
            If no panel of the newest version would be left, unless ``without_panels`` says that this is meant, or if a
            file looks like a secret and ``include`` does not name it.
        """
        with self._lock, self._recorder.span("workspace.commit"):
            self._committer.take_in(actor)
            if not without_panels:
                self._committer.refuse_losing_all()
            return self._committer.commit(message, actor, include=include)

    def checkout(self, ref: str, actor: Actor) -> Change | None:
        """Make the workspace what it was in a version, as one change that can be seen and taken back.

        The branch stays where it is, so a commit afterwards makes the old state the newest.
        """
        with self._lock, self._recorder.span("workspace.checkout"):
            version = self.store.resolve(ref)
            files = self.store.files(version.id)
            self._committer.checkout_ops(self._head.graph, files)  # refuses it before anything is done
            self._committer.keep(f"going to {_short(ref)}", actor)
            changes = self._committer.file_changes(version.id)
            self._committer.refuse_unsaved(changes)
            change = self._committer.load(files, Cause(kind="checkout", ref=version.id), actor)
            self._committer.restore_files(version.id, changes)
            return change

    def log(self, limit: int = 50, *, everything: bool = False) -> list[Version]:
        """Return the newest versions first, of the present branch or of all."""
        return self.store.log(limit, everything=everything)

    def diff(self, a: str | None = None, b: str | None = None) -> list[EntityChange]:
        """Return what differs between two versions, in words.

        Parameters
        ----------
        a, b
            A commit, branch or tag, or ``@REV`` for the workspace at a rev of its journal. Left out, ``a`` is the
            newest commit and ``b`` the present.
        """
        before, old = self._side(a) if a is not None else self._committed()
        after, new = self._side(b) if b is not None else self._present()
        changes = panel_changes(before, after, self._reactor)
        return changes + (file_changes(old, new) if old is not None and new is not None else [])

    # Branches

    def branches(self) -> list[BranchInfo]:
        """Return all branches, the present one marked."""
        present = self.store.branch()
        found = [BranchInfo(name=name, id=i, current=name == present) for name, i in self.store.branches().items()]
        return sorted(found, key=lambda branch: branch.name)

    def branch(self, name: str, actor: Actor, *, at: str | None = None) -> BranchInfo:
        """Make a branch at a version, or at the newest; the present branch stays the present one."""
        with self._lock:
            commit = self._named(at, actor)
            self.store.name("heads", name, commit)
            return BranchInfo(name=name, id=commit)

    def branch_from(self, name: str, rev: int, actor: Actor) -> BranchInfo:
        """Make a branch with the panels as they were after a rev of the journal; the present branch stays present."""
        graph = self._writer.at(rev)
        mark = self._journal.mark(rev)
        with self._lock:
            files = self._committer.files(graph)
            when = mark.ts // 1_000_000_000 if mark is not None else 0
            commit = branch_with(self.store, name, files, f"The workspace as it was at rev {rev}", actor, when=when)
            return BranchInfo(name=name, id=commit)

    def tag(self, name: str, actor: Actor, *, at: str | None = None) -> VersionInfo:
        """Give a version a name, or the newest one."""
        with self._lock:
            commit = self._named(at, actor)
            self.store.name("tags", name, commit)
            return version_info(self.store.resolve(commit))

    def switch(self, branch: str, actor: Actor) -> Change | None:
        """Go to another branch: its panels and files become those of the workspace, in one change."""
        with self._lock, self._recorder.span("workspace.switch"):
            target = self.store.branches().get(branch)
            if target is None:
                names = ", ".join(self.store.branches()) or "none yet"
                raise NotFoundError(f"There is no branch '{branch}'.", hint=f"Branches: {names}.")
            files = self.store.files(target)
            self._committer.checkout_ops(self._head.graph, files)
            if (attached := self.store.attach()) is not None:
                self._committer.notes.append(attached)
            self._committer.keep(f"going to the branch {branch}", actor)
            here = self.store.head()
            changes = changed_files(self.store.blobs(here), self.store.blobs(target))
            self._committer.refuse_unsaved(changes)
            self._committer.notes += self.store.switch(branch, changes)
            change = self._committer.load(files, Cause(kind="checkout", ref=target), actor)
            self._committer.position = Position(head=target, loaded=target)
            return change

    # Merges

    def merge(self, ref: str, actor: Actor) -> MergeInfo:
        """Merge a version into the present branch, by ids and attributes, as one change.

        Without questions it ends in a commit with two parents; else the commit follows the last answer.
        """
        with self._lock, self._recorder.span("workspace.merge"):
            return self._merge(self.store.resolve(ref), f"Merge {_short(ref)}", actor)

    def conflicts(self, panel: str | None = None) -> list[Conflict]:
        """Return the questions that wait for an answer, of a panel or of all."""
        return open_conflicts(self._head.graph, panel)

    def resolve(self, panel: str, conflict: str, pick: Pick, actor: Actor) -> Change | None:
        """Answer a question: what was picked holds from now on, as one change that can be undone.

        Raises
        ------
        NotFoundError
            If there is no such open question.
        PatchError
            If what was picked would give the panel errors, or does not fit any more; ``diagnostics`` says why.
        """

        def prepare(graph: Graph) -> tuple[list[Op], None]:
            return resolve_ops(graph, panel, conflict, pick, self._reactor), None

        with self._lock:
            cause = Cause(kind="resolve", ref=conflict)
            change, _ = self.incoming.change(prepare, lambda ops, _: Draft(ops, actor, cause, panel))
            if self._committer.position.merging is not None and not open_conflicts(self._head.graph):
                self._committer.take_in(actor)
                self._committer.commit_on_the_way(None, actor)
            return change

    def revert(
        self, actor: Actor, *, rev: int | None = None, ops: Collection[int] | None = None, ref: str | None = None
    ) -> MergeInfo:
        """Take back a change of the journal, some ops of it, or a commit; what came since stays.

        Raises
        ------
        ConflictError
            If what an op changed was changed again since; the message says in which rev, and by whom.
        """
        if rev is not None:
            with self._recorder.span("workspace.revert"):
                return self._revert_rev(rev, ops, actor)
        with self._lock, self._recorder.span("workspace.revert"):
            version = self.store.resolve(ref or "HEAD")
            before = self.store.files(version.parents[0] if version.parents else None)
            cause = Cause(kind="revert", ref=version.id)
            by = (actor.name or actor.id, None)
            brought = self.incoming.bring(self.store.files(version.id), before, cause, actor, by)
            if brought.conflicts:
                return self._info("conflicts", brought)
            return self._info("merged" if brought.change else "nothing", brought)

    # Other repositories

    def remote(self, name: str, url: str) -> RemoteInfo:
        """Confirm a repository to push to and to pull from."""
        self.remotes.set(name, url)
        return RemoteInfo(name=name, url=self.remotes.all()[name])

    def push(self, remote: str | None = None) -> VersionInfo:
        """Bring the present branch's commits to a remote; what is not committed stays here."""
        with self._lock:
            name, head = self.remotes.choose(remote), self.store.head()
            if head is None:
                raise NotFoundError("There is no version to push yet.", hint="Make one with ws.history.commit().")
            if self._committer.position.merging is not None:
                self._committer.refuse_unanswered()
            self.remotes.push(name, self.store.branch(), head)
            return version_info(self.store.resolve(head))

    def pull(self, actor: Actor, remote: str | None = None) -> MergeInfo:
        """Fetch a remote's versions and merge those of the present branch."""
        with self._lock, self._recorder.span("workspace.pull"):
            name = self.remotes.choose(remote)
            branches = self.remotes.fetch(name)
            branch = self.store.branch()
            if branch not in branches:
                names = ", ".join(branches) or "none yet"
                raise NotFoundError(f"'{name}' has no branch '{branch}'.", hint=f"Its branches: {names}.")
            return self._merge(self.store.resolve(branches[branch]), f"Merge {branch} of {name}", actor)

    # Parts

    @property
    def _head(self) -> Head:
        return self._writer.head

    def _merge(self, theirs: Version, message: str, actor: Actor) -> MergeInfo:
        committer, store = self._committer, self.store
        committer.refuse_unanswered()
        committer.keep(message[0].lower() + message[1:], actor)
        here = store.head()
        base = store.merge_base(here, theirs.id) if here is not None else None
        if base == theirs.id:
            return MergeInfo(outcome="nothing", rev=self._head.rev)
        mark = theirs.id[:7]
        changes, notes = merge_files(store.blobs(base), store.blobs(here), store.blobs(theirs.id), mark)
        committer.refuse_unsaved(changes)
        by = (theirs.author, int(theirs.time.timestamp() * 1e9))
        cause = Cause(kind="merge", ref=theirs.id)
        brought = self.incoming.bring(store.files(base), store.files(theirs.id), cause, actor, by)
        if base == here:  # nothing was committed here since: the branch simply moves on
            notes += store.advance(theirs.id, changed_files(store.blobs(here), store.blobs(theirs.id)))
            committer.position = Position(head=theirs.id, loaded=theirs.id)
            return self._info("merged", brought, theirs, notes)
        notes += store.put(changes, [one for one in (here, theirs.id) if one is not None])
        committer.begin_merge(theirs.id, message, changes)
        if brought.conflicts:
            return self._info("conflicts", brought, None, notes)
        return self._info("merged", brought, committer.commit(None, actor, asks=False), notes)

    def _revert_rev(self, rev: int, ops: Collection[int] | None, actor: Actor) -> MergeInfo:
        before, change = self._before(rev)

        def prepare(graph: Graph) -> tuple[list[Op], None]:
            def who(newer: int) -> str:
                return self.incoming.who(newer)[0]

            return revert_ops(graph, before, change.ops, ops, rev=rev, who=who, reactor=self._reactor), None

        cause = Cause(kind="revert", of=rev)
        made, _ = self.incoming.change(prepare, lambda ops, _: Draft(ops, actor, cause, change.panel))
        return MergeInfo(outcome="merged" if made else "nothing", rev=self._head.rev)

    def _before(self, rev: int) -> tuple[Graph, Change]:
        """Return the graph as it was before a change, and the change."""
        change = next(self._journal.read(after=rev - 1), None) if rev > 0 else None
        if change is None or change.rev != rev:
            raise NotFoundError(
                f"There is no rev {rev}.", hint=f"The newest is {self._head.rev}; ws.journal lists all."
            )
        return self._writer.at(rev - 1), change

    def _side(self, ref: str) -> tuple[dict[str, bytes], dict[str, str] | None]:
        """Return a version's panels, and the ids of its files where it has any."""
        if not ref.startswith("@"):
            commit = self.store.resolve(ref).id
            return self.store.files(commit), self._files_of(commit)
        rev = int(ref[1:]) if re.fullmatch("[0-9]{1,18}", ref[1:]) else -1
        return self._committer.files(self._writer.at(rev)), None

    def _committed(self) -> tuple[dict[str, bytes], dict[str, str] | None]:
        head = self.store.head()
        return self.store.files(head), self._files_of(head)

    def _present(self) -> tuple[dict[str, bytes], dict[str, str] | None]:
        return self._committer.files(self._head.graph), self.store.own_files()

    def _files_of(self, commit: str | None) -> dict[str, str]:
        blobs = self.store.blobs(commit)
        return {path: blob.id for path, blob in blobs.items() if owned(path) and not in_panels(path)}

    def _named(self, at: str | None, actor: Actor) -> str:
        """Return the commit that a new name is for; the present state is committed when there is none yet."""
        if at is not None:
            return self.store.resolve(at).id
        return self.store.head() or self._committer.commit_on_the_way(None, actor).id

    def _info(
        self,
        outcome: Literal["nothing", "merged", "conflicts"],
        brought: Brought,
        version: Version | None = None,
        notes: list[str] | None = None,
    ) -> MergeInfo:
        told, self._committer.notes = self._committer.notes, []
        return MergeInfo(
            outcome=outcome,
            rev=self._head.rev,
            version=version_info(version) if version else None,
            conflicts=brought.conflicts,
            overruled=overruled(brought),
            notes=[*(notes or []), *told],
        )


def _short(ref: str) -> str:
    """Return a name of a version as it is said in a message."""
    return ref[:7] if len(ref) in _ID_LENGTHS else ref
