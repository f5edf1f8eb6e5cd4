"""Versions of a workspace in git.

Commits are written as one stream and read as trees and blobs, so no filter, hook or monitor has a part in it; the index
and the files follow, so that plain git sees a clean repository.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from nexus_jupyter.history.git import Git, open_repository
from nexus_jupyter.history.layout import (
    FILES,
    MERGE_DRIVER,
    blob_id,
    first_files,
    in_panels,
    left_out,
    owned,
    untouched,
)
from nexus_jupyter.history.log import Version, read_log
from nexus_jupyter.history.outer import leave_out
from nexus_jupyter.history.refs import branch_commit, check_name, commit_of, current_branch, references
from nexus_jupyter.history.stream import Blob, Content, commit_stream
from nexus_jupyter.history.worktree import WorkTree, safe
from nexus_jupyter.protocol.errors import HistoryError, NotFoundError
from nexus_jupyter.protocol.identity import Actor

__all__ = ["BY_HAND", "KEPT", "VersionStore", "content_id"]

_MEGABYTE = 1 << 20
_REMEMBERED = 8
#: Nanoseconds that the clock of a file system may be coarse by.
_TICK = 2_000_000_000
#: The branch that keeps texts which would be in no version otherwise.
KEPT = "kept-by-hand"
#: Who edits files in the folder.
BY_HAND = Actor(id="file", name="file")
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
        self._hashed: dict[str, tuple[tuple[int, int, int, int], str]] = {}
        #: What was below ``files/`` when it was looked at last and is in no version, with the reasons.
        self.left_out_files: dict[str, str] = {}
        #: What is told with the next version.
        self._said: list[str] = []
        #: What the newest commits that were looked at hold; a commit never changes. Several threads look at once, so
        #: that what is there now may be forgotten a moment later.
        self._remembering = threading.Lock()
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

        Links and submodules are no files, and neither is what has a path that no folder can safely hold, or below
        ``files/`` one that tools look for: they are left alone.
        """
        git = self._open()
        if commit is None or git is None:
            return {}
        held = self._listed.get(commit)
        if held is None:
            listing = git.text("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit)
            held = {}
            for entry in listing.split("\0"):
                meta, _, path = entry.partition("\t")
                if meta.startswith(("100644", "100755")) and safe(path) and not left_out(path):
                    mode, _, blob = meta.split()
                    held[path] = Blob(mode, blob)
            self._remember(self._listed, commit, held)
        return held

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
        held = self._texts.get(commit)
        if held is None:
            blobs = {path: blob for path, blob in self.blobs(commit).items() if owned(path) and in_panels(path)}
            held = self.read(blobs)
            self._remember(self._texts, commit, held)
        return held

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
        for path, found in self.own_files(length).items():
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
        without: Collection[str] = (),
        written: Collection[str] = (),
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
        without
            Files below ``files/`` that are left out as far as the newest version does not have them.
        written
            Commits besides the newest whose texts may be in the folder, as after a process that was killed.

        Raises
        ------
        HistoryError
            If git refuses, for example because another git process has the repository locked.
        UnavailableError
            If git is not installed.
        """
        with self.locked() as git:
            head = self.head()
            held = self.blobs(head)
            first = first_files(self.tree, held)
            changes = {**first, **self.changes(files, head), **(other or {})}
            for path in without:
                changes.pop(path, None)
            known = [commit for commit in (head, *written) if commit is not None]
            if head is not None and not changes and merged is None:
                version = read_log(git, 1, [head])[0]
            else:
                version = self.record(changes, message, actor, merged=merged)
                self._remember(self._texts, version.id, dict(files))
            for path, data in first.items():
                self.tree.write(path, data)
            notes = self.put({**(other or {}), **self._stale(files, version.id, known)}, [*known, version.id])
            said, self._said = self._said, []
            return replace(version, notes=(*said, *notes))

    def record(
        self,
        changes: Mapping[str, Content],
        message: str,
        actor: Actor,
        *,
        merged: str | None = None,
        when: int | None = None,
    ) -> Version:
        """Make a commit of the present branch from what differs; the folder's files stay as they are.

        Parameters
        ----------
        changes
            What differs from the newest version, by path.
        message, actor
            Of the commit.
        merged
            The commit that becomes the second parent.
        when
            Seconds since the epoch; now when left out.
        """
        with self.locked() as git:
            head, now = self.head(), int(time.time()) if when is None else when
            parents = [parent for parent in (head, merged) if parent is not None]
            stream = commit_stream(self.branch(), changes, parents, message, actor, time=now)
            made = git.run("fast-import", "--quiet", "--done", stdin=stream).decode().strip()
            self._index(git, changes, len(made))
            self._remember(self._listed, made, _after(self.blobs(head), changes, len(made)))
            subject = " ".join(message.strip().split("\n\n")[0].splitlines())
            moment = datetime.fromtimestamp(now, UTC)
            return Version(made, subject, actor.name or actor.id, moment, tuple(parents), (self.branch(),))

    def put(self, changes: Mapping[str, Content], known: Collection[str]) -> list[str]:
        """Bring the folder's files up to date; return sentences about what a person should know.

        A text that is in none of the known commits is kept aside before another one takes its place.

        Parameters
        ----------
        changes
            What the files become.
        known
            Commits that the files which are there may be of.
        """
        held = self.read({path: content for path, content in changes.items() if isinstance(content, Blob)})
        notes = self._keep_unknown(changes, held, known)
        for path, content in changes.items():
            if not safe(path):
                notes.append(f"{path} is in the version, and this system cannot hold a file of that name.")
            elif content is None:
                self.tree.remove(path)
            else:
                self.tree.write(path, held[path] if isinstance(content, Blob) else content)
        return notes

    def keep_aside(self, texts: Mapping[str, Content], why: str) -> str | None:
        """Commit texts as they are to a branch of their own, and return a sentence that says where they are.

        Nothing is committed where that branch has the same text of a path already.
        """
        with self.locked() as git:
            branch = KEPT if self.branch() != KEPT else f"{KEPT}-2"
            tip = references(git).get(f"refs/heads/{branch}")
            held = self.blobs(tip)
            new = {
                path: text
                for path, text in texts.items()
                if text is not None and (path not in held or held[path].id != content_id(text, len(held[path].id)))
            }
            if new:
                parents = [tip] if tip is not None else []
                stream = commit_stream(branch, new, parents, why, BY_HAND, time=int(time.time()))
                git.run("fast-import", "--quiet", "--done", stdin=stream)
            names = ", ".join(sorted(texts))
            return f"{names}: the text that was there is kept on the branch '{branch}'." if texts else None

    def on_disk(self, folder: str, length: int = 40) -> dict[str, str]:
        """Return the ids of the workspace's own files in a folder as they are now, by path."""
        found: dict[str, str] = {}
        for one in self.tree.walk(folder):
            blob = self._hash(one.path, one.stat, length) if one.stat is not None and owned(one.path) else None
            if blob is not None:
                found[one.path] = blob
        return found

    def staged(self) -> dict[str, Blob]:
        """Return what the index holds of the workspace's own files, by path."""
        git = self._open()
        listing = git.text("ls-files", "--stage", "-z") if git else ""
        found: dict[str, Blob] = {}
        for entry in filter(None, listing.split("\0")):
            meta, _, path = entry.partition("\t")
            mode, blob, stage = meta.split()
            if stage == "0" and mode in ("100644", "100755") and owned(path) and safe(path) and not left_out(path):
                found[path] = Blob(mode, blob)
        return found

    def same_lines(self, path: str, ids: Collection[str]) -> bool:
        """Tell whether a file has one of these contents but for the ends of its lines, which git may have changed."""
        data = self.tree.read(path) or b""
        return b"\r\n" in data and any(blob_id(data.replace(b"\r\n", b"\n"), len(one)) == one for one in ids)

    def attach(self) -> str | None:
        """Make a branch of where the repository is if it is on none, and return a sentence about it.

        So what is there can be committed before it is left.
        """
        with self.locked() as git:
            commit = (self.root / ".git" / "HEAD").read_text(encoding="utf-8", errors="replace").strip()
            if commit.startswith("ref:"):
                return None
            known = references(git)
            names = (f"detached-{commit[:8]}{f'-{n}' if n else ''}" for n in itertools.count())
            name = next(one for one in names if known.get(f"refs/heads/{one}", commit) == commit)
            if f"refs/heads/{name}" not in known:
                git.run("update-ref", "--end-of-options", f"refs/heads/{name}", commit, "0" * len(commit))
            git.run("symbolic-ref", "HEAD", f"refs/heads/{name}")
            return f"The repository was on no branch, at {commit[:8]}: what was there is the branch '{name}' now."

    def switch(self, branch: str, changes: Mapping[str, Content]) -> list[str]:
        """Make a branch the present one; ``changes`` lead from the files that are there to the branch's. As `put`."""
        with self.locked() as git:
            known = [commit for commit in (self.head(), references(git).get(f"refs/heads/{branch}")) if commit]
            git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")
            self._index(git, changes, 40)
            return self.put(changes, known)

    def advance(self, commit: str, changes: Mapping[str, Content]) -> list[str]:
        """Move the present branch forward to a commit that follows from it; as `put`."""
        with self.locked() as git:
            head = self.head()
            git.run("update-ref", "--end-of-options", f"refs/heads/{self.branch()}", commit, head or "0" * len(commit))
            self._index(git, changes, len(commit))
            return self.put(changes, [commit, head] if head else [commit])

    def make(self) -> None:
        """Make the repository if there is none."""
        with self.locked():
            pass

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

    def own_files(self, length: int = 40) -> dict[str, str]:
        """Return the files below ``files/`` as they are now: the ids that git gives their contents, by path.

        What is left out, such as files that ``.gitignore`` names, is in `left_out_files`.
        """
        found: dict[str, str] = {}
        refused: dict[str, str] = {}
        for one in self.tree.walk(FILES, left_out):
            if one.stat is None:
                refused[one.path] = one.refusal
                continue
            if one.stat.st_size > self._limit:
                raise HistoryError(
                    f"The file {one.path} has {one.stat.st_size / _MEGABYTE:.0f} MB, and "
                    f"{self._limit / _MEGABYTE:.0f} MB are kept in versions at most.",
                    hint=f"Move it out of {FILES}/, or raise the limit (NexusApp.versioned_file_limit).",
                )
            blob = self._hash(one.path, one.stat, length)
            if blob is not None:
                found[one.path] = blob
        self.left_out_files = {_shown(path): why for path, why in refused.items() if not _passing(path)}
        ignored = self._ignored(found)
        return {path: blob for path, blob in found.items() if path not in ignored}

    def _ignored(self, paths: Collection[str]) -> set[str]:
        """Return which files git ignores; one that the index has is not ignored, as with plain git."""
        git = self._open()
        if git is None or not paths:
            return set()
        listing = "".join(f"{path}\0" for path in paths).encode()
        # It takes paths as they are, and refuses to be told so.
        said = git.run(
            "check-ignore", "-z", "--stdin", stdin=listing, fine={0, 1}, variables={"GIT_LITERAL_PATHSPECS": "0"}
        )
        return {path for path in said.decode().split("\0") if path}

    def _hash(self, path: str, stat: os.stat_result, length: int) -> str | None:
        """Return the id of a file's content; ``None`` when the file has gone since it was found."""
        stamp = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
        known = self._hashed.get(path)
        if known is not None and known[0] == stamp and len(known[1]) == length:
            return known[1]
        data = self.tree.read(path)
        if data is None:
            return None
        blob = blob_id(data, length)
        # A file that was changed just now may be changed again within the same tick of the file system's clock.
        if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > _TICK:
            self._hashed[path] = (stamp, blob)
        return blob

    def _stale(self, files: Mapping[str, bytes], commit: str, known: Collection[str]) -> dict[str, Content]:
        """Return what the panels' files in the folder lack to be those of a version."""
        length = len(commit)
        here = {**self.on_disk("panels", length), **self.on_disk("nog", length)}
        wanted = {path: blob_id(data, length) for path, data in files.items()}
        changes: dict[str, Content] = {
            path: files[path]
            for path, blob in wanted.items()
            if here.get(path) != blob and not (path in here and self.same_lines(path, [blob]))
        }
        of_ours = [self.blobs(one) for one in known]
        for path, blob in here.items():
            if path not in wanted and any(path in held and held[path].id == blob for held in of_ours):
                changes[path] = None
        return changes

    def _keep_unknown(
        self, changes: Mapping[str, Content], held: Mapping[str, bytes], known: Collection[str]
    ) -> list[str]:
        """Keep aside the texts in the folder that are in no known commit and would be replaced."""
        listed = [self.blobs(commit) for commit in known]
        unknown: dict[str, Content] = {}
        for path, content in changes.items():
            here = self.tree.read(path) if safe(path) else None
            if here is None or here == (held[path] if isinstance(content, Blob) else content):
                continue
            ids = [blobs[path].id for blobs in listed if path in blobs]
            mine = any(blob_id(here, len(one)) == one for one in ids) or self.same_lines(path, ids)
            if not mine and not (not owned(path) and untouched(self.tree, path)):
                unknown[path] = here
        said = self.keep_aside(unknown, "Kept before another text took its place") if unknown else None
        return [said] if said else []

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
        with self._remembering:
            cache[commit] = held
            while len(cache) > _REMEMBERED:
                del cache[next(iter(cache))]

    def _open(self) -> Git | None:
        if self._git is None or not (self.root / ".git").is_dir():
            self._git = open_repository(self.root)
        return self._git

    def _create(self) -> Git:
        git = Git(self.root, {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull})
        git.run("init", "--quiet", "--template=", "--initial-branch=main", "--end-of-options", str(self.root))
        self._git = open_repository(self.root)
        assert self._git is not None
        left_out = leave_out(self.root)
        self._said += [left_out] if left_out is not None else []
        return self._git


def content_id(content: Content, length: int) -> str:
    """Return the id of a content in a repository whose ids have so many digits; empty for nothing."""
    if isinstance(content, Blob):
        return content.id
    return "" if content is None else blob_id(content, length)


def _shown(path: str) -> str:
    """Return a path as it can be written in a sentence, also where its bytes are no text."""
    return path.encode("utf-8", "backslashreplace").decode()


def _passing(path: str) -> bool:
    """Whether a file is one of the workspace's own while it is being written."""
    name = path.rpartition("/")[2]
    return name.startswith(".nexus-") or name.endswith(".nexus-part")


def _after(before: Mapping[str, Blob], changes: Mapping[str, Content], length: int) -> dict[str, Blob]:
    after = {path: blob for path, blob in before.items() if path not in changes}
    for path, content in changes.items():
        if isinstance(content, bytes):
            after[path] = Blob("100644", blob_id(content, length))
        elif content is not None:
            after[path] = content
    return after
