"""Versions of a workspace in git.

Commits are written as one stream and read as trees and blobs, so no filter, hook or monitor has a part in it; the index
and the files follow, so that plain git sees a clean repository.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from nexus_jupyter.history.git import Git, open_repository
from nexus_jupyter.history.layout import FILES, MERGE_DRIVER, blob_id, first_files, in_panels, owned
from nexus_jupyter.history.log import Version, read_log
from nexus_jupyter.history.refs import branch_commit, check_name, commit_of, current_branch, references
from nexus_jupyter.history.stream import Blob, Content, commit_stream
from nexus_jupyter.history.worktree import WorkTree, safe
from nexus_jupyter.protocol.errors import HistoryError, NotFoundError
from nexus_jupyter.protocol.identity import Actor

__all__ = ["VersionStore"]

_MEGABYTE = 1 << 20
_REMEMBERED = 8
T = TypeVar("T")


class VersionStore:
    """The git repository of a workspace folder; made on the first commit.

    Parameters
    ----------
    root
        The workspace's folder.
    file_limit
        Bytes that one file below ``files/`` may have.
    """

    def __init__(self, root: Path, *, file_limit: int = 50 * _MEGABYTE) -> None:
        self.root = root
        self.tree = WorkTree(root)
        self._limit = file_limit
        self._lock = threading.RLock()
        self._git: Git | None = None
        #: Ids of files by path, with the time and size that they had.
        self._hashed: dict[str, tuple[tuple[int, int, int], str]] = {}
        #: What the newest commits that were looked at hold; a commit never changes.
        self._listed: dict[str, dict[str, Blob]] = {}
        self._texts: dict[str, dict[str, bytes]] = {}

    # Reading

    def head(self) -> str | None:
        """Return the id of the present branch's newest commit; ``None`` when there is none."""
        git = self._open()
        return branch_commit(git, self.root / ".git", self.branch()) if git else None

    def branch(self) -> str:
        """Return the name of the present branch."""
        return current_branch(self.root / ".git") if self._open() else "main"

    def branches(self) -> dict[str, str]:
        """Return all branches with the ids of their newest commits."""
        git = self._open()
        known = references(git) if git else {}
        return {name.removeprefix("refs/heads/"): i for name, i in known.items() if name.startswith("refs/heads/")}

    def log(self, limit: int = 50, *, ref: str | None = None, everything: bool = False) -> list[Version]:
        """Return the newest versions first, with git's drawing of how they follow from each other.

        Parameters
        ----------
        limit
            How many.
        ref
            Where to begin; the present branch's newest when left out.
        everything
            Whether to begin at all branches and tags.
        """
        git = self._open()
        start = self.head() if ref is None else self.resolve(ref).id
        if git is None or (start is None and not everything):
            return []
        return read_log(git, limit, ["--branches", "--tags"] if everything else [str(start)])

    def resolve(self, ref: str) -> Version:
        """Return the version that a commit id, ``HEAD~n``, branch or tag names.

        Raises
        ------
        NotFoundError
            If there is no such version.
        HistoryError
            If it is no name of a version at all.
        """
        git = self._open()
        known = references(git) if git else {}
        if git is None or not known:
            raise NotFoundError("There is no version yet.", hint="Make one with ws.history.commit().")
        return read_log(git, 1, [commit_of(git, ref, known)])[0]

    def blobs(self, commit: str | None) -> dict[str, Blob]:
        """Return the regular files of a version by path.

        Links and submodules are no files, and neither is what has a path that no folder can safely hold: they are left
        alone.
        """
        git = self._open()
        if commit is None or git is None:
            return {}
        if commit not in self._listed:
            listing = git.text("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit)
            found: dict[str, Blob] = {}
            for entry in listing.split("\0"):
                meta, _, path = entry.partition("\t")
                if meta.startswith(("100644", "100755")) and safe(path):
                    mode, _, blob = meta.split()
                    found[path] = Blob(mode, blob)
            self._remember(self._listed, commit, found)
        return self._listed[commit]

    def read(self, blobs: Mapping[str, Blob]) -> dict[str, bytes]:
        """Return the contents of files, by path, through one git process."""
        git = self._open()
        if git is None or not blobs:
            return {}
        data = git.run("cat-file", "--batch", stdin="".join(f"{blob.id}\n" for blob in blobs.values()).encode())
        found: dict[str, bytes] = {}
        at = 0
        for path in blobs:
            end = data.index(b"\n", at)
            head = data[at:end].split()
            if len(head) != 3 or head[1] != b"blob":  # noqa: PLR2004 - ID TYPE SIZE
                raise HistoryError(
                    f"The file {path!r} of that version is not in the repository.",
                    hint="If it is a partial clone, fetch the rest: git fetch --refetch --no-filter.",
                )
            size = int(head[2])
            found[path] = data[end + 1 : end + 1 + size]
            at = end + 1 + size + 1
        return found

    def files(self, commit: str | None) -> dict[str, bytes]:
        """Return the texts and entities of a version's panels by path; ``commit`` is an id, or ``None`` for nothing."""
        if commit is None:
            return {}
        if commit not in self._texts:
            blobs = {path: blob for path, blob in self.blobs(commit).items() if owned(path) and in_panels(path)}
            self._remember(self._texts, commit, self.read(blobs))
        return self._texts[commit]

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the newest commit that two commits both follow from; ``None`` when they share nothing."""
        git = self._open()
        try:
            return git.text("merge-base", "--end-of-options", one, other).split("\n")[0] or None if git else None
        except HistoryError:
            return None

    # Writing

    def changes(self, files: Mapping[str, bytes], since: str | None) -> dict[str, Content]:
        """Return what differs between a version and what a commit would make now.

        Parameters
        ----------
        files
            The texts and entities of all panels, by path; the files below ``files/`` are read from the folder.
        since
            The version to compare with.

        Raises
        ------
        HistoryError
            If a file is larger than the limit.
        """
        before = self.blobs(since)
        length = len(next(iter(before.values())).id) if before else 40
        changes: dict[str, Content] = {
            path: data for path, data in files.items() if path not in before or before[path].id != blob_id(data, length)
        }
        kept = set(files)
        for path, found in self.own_files(length):
            kept.add(path)
            if path not in before or before[path].id != found:
                changes[path] = self.tree.read(path)
        changes |= {path: None for path in before if owned(path) and path not in kept}
        return changes

    def commit(
        self,
        files: Mapping[str, bytes],
        message: str,
        actor: Actor,
        *,
        merged: str | None = None,
        other: Mapping[str, Content] | None = None,
    ) -> Version:
        """Make a version of exactly these panels; when nothing changed, return the newest version.

        Parameters
        ----------
        files
            Contents by path below the root.
        message
            The commit message.
        actor
            Who commits.
        merged
            The commit that was merged, which becomes the second parent.
        other
            What is written beside them, such as files of the user's that a merge brought.

        Raises
        ------
        HistoryError
            If git refuses, for example because another git process has the repository locked.
        UnavailableError
            If git is not installed.
        """
        with self.locked() as git:
            head = self.head()
            changes = {**first_files(self.tree, self.blobs(head)), **self.changes(files, head), **(other or {})}
            if head is not None and not changes and merged is None:
                return read_log(git, 1, [head])[0]
            self.put(changes)
            now = int(time.time())
            parents = [parent for parent in (head, merged) if parent is not None]
            stream = commit_stream(self.branch(), changes, parents, message, actor, time=now)
            made = git.run("fast-import", "--quiet", "--done", stdin=stream).decode().strip()
            self._index(git, changes, len(made))
            self._remember(self._texts, made, dict(files))
            self._remember(self._listed, made, _after(self.blobs(head), changes, len(made)))
            subject = " ".join(message.strip().split("\n\n")[0].splitlines())
            when = datetime.fromtimestamp(now, UTC)
            return Version(made, subject, actor.name or actor.id, when, tuple(parents), (self.branch(),))

    def put(self, changes: Mapping[str, Content]) -> None:
        """Bring the folder's files up to date. Files that no version holds are not touched."""
        held = self.read({path: content for path, content in changes.items() if isinstance(content, Blob)})
        for path, content in changes.items():
            if content is None:
                self.tree.remove(path)
            else:
                self.tree.write(path, held[path] if isinstance(content, Blob) else content)

    def switch(self, branch: str, changes: Mapping[str, Content]) -> None:
        """Make a branch the present one; ``changes`` lead from the files that are there to the branch's."""
        with self.locked() as git:
            git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
            self._index(git, changes, 40)
            self.put(changes)

    def advance(self, commit: str, changes: Mapping[str, Content]) -> None:
        """Move the present branch forward to a commit that follows from it."""
        with self.locked() as git:
            head = self.head()
            git.run("update-ref", "--end-of-options", f"refs/heads/{self.branch()}", commit, head or "0" * len(commit))
            self._index(git, changes, len(commit))
            self.put(changes)

    def set_up(self) -> None:
        """Make the repository if there is none, write what every workspace has, and register the merge driver.

        The driver is a program that plain git runs, so only a person registers it; nothing here runs it.
        """
        with self.locked() as git:
            for path, data in first_files(self.tree, ()).items():
                self.tree.write(path, data)
            git.run("config", "--local", "merge.nexus.name", "Nexus panels, merged by id")
            git.run("config", "--local", "merge.nexus.driver", MERGE_DRIVER)

    def name(self, space: str, name: str, commit: str) -> None:
        """Make a branch (``heads``) or a tag (``tags``) at a commit.

        Raises
        ------
        HistoryError
            If there is one of that name.
        """
        what = {"heads": "branch", "tags": "tag"}[space]
        check_name(name, what)
        with self.locked() as git:
            if f"refs/{space}/{name}" in references(git):
                raise HistoryError(f"There is a {what} '{name}' already.", hint="Choose another name.")
            git.run("update-ref", "--end-of-options", f"refs/{space}/{name}", commit, "0" * len(commit))

    @contextmanager
    def locked(self) -> Iterator[Git]:
        """Hold the store, and give git for its repository, which is made when there is none.

        Raises
        ------
        HistoryError
            If another git process has the index, or a merge of plain git is under way.
        """
        with self._lock:
            git = self._open() or self._create()
            folder = self.root / ".git"
            if (folder / "index.lock").exists():
                raise HistoryError(
                    f"Git has the repository locked ({folder / 'index.lock'}).",
                    hint="Wait for the other git process, or remove the file index.lock in .git if none runs.",
                )
            if (folder / "MERGE_HEAD").exists():
                raise HistoryError(
                    "A merge that was begun with git is not finished.",
                    hint="Finish it (git commit) or give it up (git merge --abort), then try again.",
                )
            yield git

    # Parts

    def own_files(self, length: int = 40) -> Iterator[tuple[str, str]]:
        """Yield the files below ``files/`` as they are now: path, and the id that git gives the content."""
        for path, stat in self.tree.walk(FILES):
            if stat.st_size > self._limit:
                raise HistoryError(
                    f"The file {path} has {stat.st_size / _MEGABYTE:.0f} MB, and {self._limit / _MEGABYTE:.0f} MB are "
                    "kept in versions at most.",
                    hint=f"Move it out of {FILES}/, or raise the limit (NexusApp.versioned_file_limit).",
                )
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            known = self._hashed.get(path)
            if known is None or known[0] != stamp or len(known[1]) != length:
                known = (stamp, blob_id(self.tree.read(path) or b"", length))
                self._hashed[path] = known
            yield path, known[1]

    def _index(self, git: Git, changes: Mapping[str, Content], length: int) -> None:
        """Tell the index of what was committed; what the user has staged beside it stays staged."""
        lines = []
        for path, content in changes.items():
            if content is None:
                lines.append(f"0 {'0' * length}\t{path}")
            elif isinstance(content, Blob):
                lines.append(f"{content.mode} {content.id}\t{path}")
            else:
                lines.append(f"100644 {blob_id(content, length)}\t{path}")
        if lines:
            listing = "\0".join(sorted(lines)).encode("utf-8", "surrogateescape") + b"\0"
            git.run("update-index", "--add", "--remove", "--replace", "-z", "--index-info", stdin=listing)

    def _remember(self, cache: dict[str, T], commit: str, held: T) -> None:
        cache[commit] = held
        while len(cache) > _REMEMBERED:
            del cache[next(iter(cache))]

    def _open(self) -> Git | None:
        if self._git is None or not (self.root / ".git").is_dir():
            self._git = open_repository(self.root)
        return self._git

    def _create(self) -> Git:
        git = Git(self.root, {"GIT_CONFIG_NOSYSTEM": "1"})
        git.run("init", "--quiet", "--template=", "--initial-branch=main", "--end-of-options", str(self.root))
        self._git = open_repository(self.root)
        assert self._git is not None
        return self._git


def _after(before: Mapping[str, Blob], changes: Mapping[str, Content], length: int) -> dict[str, Blob]:
    after = {path: blob for path, blob in before.items() if path not in changes}
    for path, content in changes.items():
        if isinstance(content, bytes):
            after[path] = Blob("100644", blob_id(content, length))
        elif content is not None:
            after[path] = content
    return after
