"""Versions of a workspace in git.

Only ``repo.git.*`` with fixed arguments is used: reference names are checked, options cannot be smuggled in, hooks and
configuration of the repository that could run programs are switched off.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nexus_jupyter.protocol.errors import HistoryError, NotFoundError, UnavailableError
from nexus_jupyter.protocol.identity import Actor

if TYPE_CHECKING:
    from git import Repo

__all__ = ["Version", "VersionStore"]

#: The folders that belong to the workspace's versions; everything else in the folder is the user's.
_FOLDERS = ("panels", "nog")
_REF = re.compile(r"HEAD(~\d{1,4})?|[0-9a-f]{4,40}|[A-Za-z0-9][A-Za-z0-9_./-]{0,100}")
#: Switches off whatever a repository's own configuration could make git run.
_SAFE = (
    "-c", f"core.hooksPath={os.devnull}",
    "-c", "core.fsmonitor=false",
    "-c", "commit.gpgSign=false",
    "-c", "gc.auto=0",
    "-c", "core.quotePath=false",
    "-c", "protocol.allow=never",
)  # fmt: skip
_FIELD = "\x1f"


@dataclass(frozen=True, slots=True)
class Version:
    """A commit. ``time`` is aware, in UTC."""

    id: str
    message: str
    author: str
    time: datetime


class VersionStore:
    """The git repository of a workspace folder; made on the first commit.

    Parameters
    ----------
    root
        The workspace's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._repo: Repo | None = None

    def commit(self, files: Mapping[str, bytes], message: str, actor: Actor) -> Version:
        """Make a version of exactly these files; when nothing changed, return the newest version.

        Parameters
        ----------
        files
            Contents by path below the root; paths lie in ``panels/`` or ``nog/``.
        message
            The commit message.
        actor
            Who commits.

        Raises
        ------
        HistoryError
            If git refuses, for example because another git process has the repository locked.
        UnavailableError
            If git is not installed.
        """
        with self._lock:
            repo = self._open() or self._create()
            before = set(self._files(repo, "HEAD")) if self._has_head(repo) else set()
            self._stage(repo, self._write(files, before - set(files)))
            if self._has_head(repo) and not self._git(repo, "diff", "--cached", "--name-only"):
                return self._log(repo, "HEAD", 1)[0]
            name = actor.name or actor.id
            self._git(
                repo,
                "-c", f"user.name={name}",
                "-c", f"user.email={actor.id}@nexus.invalid",
                "commit", "--quiet", "--no-verify", "--allow-empty", f"--message={message}",
            )  # fmt: skip
            return self._log(repo, "HEAD", 1)[0]

    def log(self, limit: int = 50) -> list[Version]:
        """Return the newest versions first; an empty list when there is none."""
        with self._lock:
            repo = self._open()
            return self._log(repo, "HEAD", limit) if repo is not None and self._has_head(repo) else []

    def resolve(self, ref: str) -> Version:
        """Return the version that a commit id, ``HEAD~n``, branch or tag names.

        Raises
        ------
        NotFoundError
            If there is no such version.
        """
        if not _REF.fullmatch(ref) or ".." in ref:
            raise HistoryError(f"{ref!r} is no name of a version.", hint="Use a commit id, HEAD~n, a branch or a tag.")
        with self._lock:
            repo = self._open()
            if repo is None or not self._has_head(repo):
                raise NotFoundError("There is no version yet.", hint="Make one with ws.history.commit().")
            try:
                return self._log(repo, ref, 1)[0]
            except HistoryError as error:
                raise NotFoundError(f"There is no version '{ref}'.", hint="ws.history.log() lists them.") from error

    def files(self, ref: str) -> dict[str, bytes]:
        """Return the files of a version by path; empty when nothing was ever committed."""
        with self._lock:
            repo = self._open()
            return self._files(repo, ref) if repo is not None and self._has_head(repo) else {}

    def _files(self, repo: Repo, ref: str) -> dict[str, bytes]:
        commit = self._git(repo, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        listing = self._git(repo, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *_FOLDERS)
        blobs = [entry.split("\t", 1) for entry in listing.split("\0") if entry]
        # Links and submodules are not files; a version from elsewhere may hold them, and they are left alone.
        plain = [(meta.split()[2], path) for meta, path in blobs if meta.startswith(("100644", "100755"))]
        return self._read(repo, plain)

    def _read(self, repo: Repo, blobs: list[tuple[str, str]]) -> dict[str, bytes]:
        """Read many blobs through one git process."""
        if not blobs:
            return {}
        result = subprocess.run(  # noqa: S603 - fixed arguments; object ids go in by standard input
            [_git_path(), *_SAFE, "cat-file", "--batch"],
            input="".join(f"{blob}\n" for blob, _ in blobs).encode(),
            cwd=repo.working_dir,
            capture_output=True,
            check=True,
            env={**os.environ, **_ENVIRONMENT},
        )
        data, at, files = result.stdout, 0, dict[str, bytes]()
        for _, path in blobs:
            end = data.index(b"\n", at)
            size = int(data[at:end].split()[2])
            files[path] = data[end + 1 : end + 1 + size]
            at = end + 1 + size + 1
        return files

    def _write(self, files: Mapping[str, bytes], gone: set[str]) -> list[str]:
        """Bring the folder up to date and return the paths concerned. Files that no version holds are not touched."""
        for folder in _FOLDERS:
            if (self._root / folder).is_symlink():
                raise HistoryError(
                    f"{self._root / folder} is a link, and the workspace does not write through links.",
                    hint="Remove the link.",
                )
        try:
            for path in gone:
                (self._root / path).unlink(missing_ok=True)
            for path, data in files.items():
                self._write_file(self._root / path, data)
            ignore = self._root / ".gitignore"
            if not ignore.exists():
                ignore.write_text(".nexus/\n", encoding="utf-8")
        except OSError as error:
            raise HistoryError(
                f"The files of the version cannot be written: {error}.",
                hint="Check the free space of the disk and the rights of the workspace's folder.",
            ) from error
        return [".gitignore", *files, *gone]

    def _write_file(self, target: Path, data: bytes) -> None:
        target.parent.mkdir(exist_ok=True)
        if target.is_symlink():
            target.unlink()
        if not target.exists() or target.read_bytes() != data:
            target.write_bytes(data)

    def _stage(self, repo: Repo, paths: list[str]) -> None:
        with tempfile.TemporaryFile() as listing:
            listing.write("\0".join(paths).encode())
            listing.seek(0)
            self._git(repo, "update-index", "--add", "--remove", "-z", "--stdin", stdin=listing)

    def _open(self) -> Repo | None:
        if self._repo is None and (self._root / ".git").exists():
            _git_path()
            from git import Repo

            self._repo = Repo(self._root)
        return self._repo

    def _create(self) -> Repo:
        _git_path()
        from git import Repo

        self._repo = Repo.init(self._root)
        self._git(self._repo, "symbolic-ref", "HEAD", "refs/heads/main")
        return self._repo

    def _has_head(self, repo: Repo) -> bool:
        return bool(self._git(repo, "for-each-ref", "--count=1", "refs/heads"))

    def _log(self, repo: Repo, ref: str, limit: int) -> list[Version]:
        text = self._git(
            repo, "log", f"--max-count={limit}", f"--format=%H{_FIELD}%aI{_FIELD}%an{_FIELD}%s", "--end-of-options", ref
        )
        versions = []
        for line in text.splitlines():
            commit, when, author, message = line.split(_FIELD, 3)
            versions.append(Version(commit, message, author, datetime.fromisoformat(when).astimezone(UTC)))
        return versions

    def _git(self, repo: Repo, *args: str, stdin: BinaryIO | None = None) -> str:
        from git.exc import GitCommandError

        try:
            return str(repo.git.execute([_git_path(), *_SAFE, *args], env=_ENVIRONMENT, istream=stdin))
        except GitCommandError as error:
            said = str(error.stderr).strip().removeprefix("stderr: ").strip("'\n ")
            hint = "Wait for the other git process, or remove the file index.lock in .git if none runs."
            raise HistoryError(
                f"Git could not do this: {said.splitlines()[-1] if said else error.status}.",
                hint=hint if "index.lock" in said else "",
            ) from error


#: No question can be answered here, and nobody's configuration decides what happens to a workspace.
_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def _git_path() -> str:
    path = shutil.which("git")
    if path is None:
        raise UnavailableError(
            "Versions need git, which is not installed.",
            hint="Install it (for example: apt-get install git) and try again; everything else works without.",
        )
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    return path
