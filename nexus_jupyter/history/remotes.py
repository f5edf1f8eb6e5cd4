"""Other repositories: pushing to them and fetching from them.

Git is run in an empty repository of its own for that, which borrows the workspace's objects: what the workspace's
configuration says about remotes, rewritten addresses, helpers or programs is never read. Addresses are those that a
person has confirmed on this machine, and only the protocol of the one address is allowed.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from nexus_jupyter.history.git import Git, GitRefusal
from nexus_jupyter.history.refs import check_name, references
from nexus_jupyter.history.store import VersionStore
from nexus_jupyter.protocol.errors import ConflictError, HistoryError, NotFoundError
from nexus_jupyter.storage.private import read, replace

__all__ = ["Remotes", "checked_url"]

#: Seconds that a transfer may take.
_TIMEOUT = 600.0
_SSH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!//)[A-Za-z0-9_./~][\w./~+@-]*")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\]")


def checked_url(url: str) -> tuple[str, str]:
    """Return the address of a remote, and the protocol that git will speak to it.

    Raises
    ------
    HistoryError
        If it is no path of a repository on this machine and no ssh or https address.
    """
    if any(ord(char) <= ord(" ") or ord(char) == 0x7F for char in url) or url.startswith("-") or "::" in url:  # noqa: PLR2004 - DEL
        raise _no_remote(url)
    parts = urlsplit(url)
    if parts.scheme in ("ssh", "https") and _HOST.fullmatch((parts.hostname or "").strip("[]")):
        if parts.password is not None or (parts.scheme == "https" and parts.username is not None):
            raise HistoryError(
                "The address of a remote may hold no password: it would be stored as it is.",
                hint="Leave it out; git's own credential helpers can keep it.",
            )
        if (parts.username or "").startswith("-") or parts.path.startswith("/-"):
            raise _no_remote(url)
        return url, parts.scheme
    if not parts.scheme and _SSH.fullmatch(url):
        return url, "ssh"
    path = Path(parts.path if parts.scheme == "file" and not parts.netloc else url).expanduser()
    if parts.scheme in ("", "file") and path.is_absolute():
        if not (path / "objects").is_dir() and not (path / ".git").is_dir():
            raise HistoryError(f"There is no git repository at {path}.", hint="Make one there: git init --bare PATH.")
        return str(path), "file"
    raise _no_remote(url)


def _no_remote(url: str) -> HistoryError:
    return HistoryError(
        f"{url!r} cannot be a remote.",
        hint="Give the absolute path of a repository, https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH.",
    )


class Remotes:
    """The repositories that a workspace is pushed to and pulled from.

    Parameters
    ----------
    store
        The workspace's versions.
    private
        The folder of what belongs to this machine alone; the confirmed addresses are kept there.
    """

    def __init__(self, store: VersionStore, private: Path) -> None:
        self._store = store
        self._file = private / "remotes.json"

    def all(self) -> dict[str, str]:
        """Return the confirmed remotes by name."""
        if not self._file.exists():
            return {}
        try:
            found = json.loads(read(self._file))
        except ValueError as error:
            raise HistoryError(
                f"The confirmed remotes in {self._file} cannot be read.",
                hint="Delete the file, and confirm them again.",
            ) from error
        return {str(name): str(url) for name, url in found.items()}

    def set(self, name: str, url: str) -> None:
        """Confirm a remote; plain git in the folder knows it too from then on."""
        check_name(name, "remote")
        if "/" in name:
            raise HistoryError(f"'{name}' cannot be the name of a remote.", hint="Use one without '/'.")
        address = self._address(url)
        with self._store.locked() as git:
            git.run("config", "--local", f"remote.{name}.url", address)
            git.run("config", "--local", f"remote.{name}.fetch", f"+refs/heads/*:refs/remotes/{name}/*")
            replace(self._file, json.dumps({**self.all(), name: address}, indent=1))

    def _address(self, url: str) -> str:
        """Return an address that may be spoken to: no path into the workspace, where handlers may have written it."""
        address, protocol = checked_url(url)
        if protocol == "file" and Path(address).resolve().is_relative_to(self._store.root.resolve()):
            raise HistoryError(
                f"{address} lies inside the workspace, where handlers may write, so it cannot be a remote.",
                hint="Use a repository outside of the workspace's folder.",
            )
        return address

    def choose(self, name: str | None) -> str:
        """Return the name of the remote that is meant.

        Raises
        ------
        NotFoundError
            If there is no such remote, or it is not clear which.
        """
        known = self.all()
        if name in known:
            return str(name)
        if name is None and ("origin" in known or len(known) == 1):
            return "origin" if "origin" in known else next(iter(known))
        written = self._written(name or "origin")
        if written:
            raise NotFoundError(
                f"The remote '{name or 'origin'}' is written in the repository's own configuration ({written}), and "
                "nobody has confirmed it here.",
                hint=f"Confirm it: ws.history.remote('{name or 'origin'}', '{written}').",
            )
        raise NotFoundError(
            f"There is no remote '{name}'." if name else "There is no remote yet, or it is not clear which is meant.",
            hint="Set one: ws.history.remote('origin', 'https://...')." if not known else f"Known: {', '.join(known)}.",
        )

    def push(self, name: str, branch: str, commit: str) -> None:
        """Bring a branch to a remote.

        Raises
        ------
        ConflictError
            If the remote's branch has versions that are not here.
        """
        with self._transfer(name) as (git, url):
            try:
                git.run(
                    "push", "--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no",
                    "--receive-pack=git-receive-pack", "--end-of-options",
                    url, f"{commit}:refs/heads/{branch}", timeout=_TIMEOUT,
                )  # fmt: skip
            except GitRefusal as error:
                said = error.output
                if "[rejected]" in said:
                    raise ConflictError(
                        f"The branch '{branch}' of '{name}' has versions that are not here.",
                        hint="Pull first: ws.history.pull(). Then push again.",
                    ) from error
                if "[remote rejected]" in said:
                    reason = said.partition("[remote rejected]")[2].splitlines()[0].strip(" ()'")
                    raise HistoryError(f"'{name}' does not take the branch '{branch}': {reason}.") from error
                raise
        self._remember(name, {f"refs/heads/{branch}": commit})

    def fetch(self, name: str) -> dict[str, str]:
        """Get all branches and tags of a remote; return its branches with the ids of their newest commits."""
        with self._transfer(name) as (git, url):
            git.run(
                "fetch", "--quiet", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-maintenance",
                "--upload-pack=git-upload-pack", "--end-of-options", url,
                "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", timeout=_TIMEOUT,
            )  # fmt: skip
            found = references(git)
        self._remember(name, found)
        return {ref.removeprefix("refs/heads/"): i for ref, i in found.items() if ref.startswith("refs/heads/")}

    def _remember(self, name: str, found: Mapping[str, str]) -> None:
        """Note where a remote's branches are; a tag that is here already stays as it is."""
        with self._store.locked() as git:
            known = references(git)
            lines = []
            for ref, commit in found.items():
                if ref.startswith("refs/heads/"):
                    lines.append(f"update refs/remotes/{name}/{ref.removeprefix('refs/heads/')} {commit}\n")
                elif ref.startswith("refs/tags/") and ref not in known:
                    lines.append(f"create {ref} {commit}\n")
            git.run("update-ref", "--stdin", stdin="".join(lines).encode())

    def _written(self, name: str) -> str:
        try:
            check_name(name, "remote")
            with self._store.locked() as git:
                return git.text("config", "--local", "--no-includes", "--get", f"remote.{name}.url")
        except HistoryError:
            return ""

    @contextmanager
    def _transfer(self, name: str) -> Iterator[tuple[Git, str]]:
        """Give git in an empty repository over the workspace's objects, and the remote's address."""
        url = self._address(self.all()[name])
        protocol = checked_url(url)[1]
        folder = self._store.root / ".git"
        with self._store.locked() as own, tempfile.TemporaryDirectory(prefix="nexus-transfer-") as base:
            empty = Path(base)
            (empty / "refs").mkdir()
            (empty / "objects").mkdir()
            (empty / "HEAD").write_text("ref: refs/heads/none\n", encoding="utf-8")
            (empty / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n", encoding="utf-8")
            # What is here already need not come again.
            known = sorted(set(references(own).values()))
            packed = "".join(f"{commit} refs/known/{number}\n" for number, commit in enumerate(known))
            (empty / "packed-refs").write_text(packed, encoding="utf-8")
            if (folder / "shallow").is_file():
                shutil.copyfile(folder / "shallow", empty / "shallow")
            where = {"GIT_DIR": str(empty), "GIT_OBJECT_DIRECTORY": str(folder / "objects")}
            yield Git(empty, where, (protocol,)), url
