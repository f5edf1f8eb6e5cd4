"""Names of versions: which may be given, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from nexus_jupyter.history.git import Git
from nexus_jupyter.protocol.errors import HistoryError, NotFoundError

__all__ = ["branch_commit", "check_name", "commit_of", "current_branch", "references"]

_NAME = re.compile(r"\w[\w./+#=,@-]{0,100}")
_REF = re.compile(rf"HEAD(~\d{{1,4}})?|[0-9a-f]{{4,64}}|{_NAME.pattern}")
#: Names of remotes become part of git's configuration.
_REMOTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./+-]{0,100}")
#: Bytes of a part of a name, which is the name of a file.
_PART = 200
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def check_name(name: str, what: str) -> str:
    """Return a name that a branch or tag may have.

    Raises
    ------
    HistoryError
        If it may not, or could be mistaken for another kind of name.
    """
    if not _usable(name) or (what == "remote" and not _REMOTE.fullmatch(name)):
        raise HistoryError(
            f"{name!r} cannot be the name of a {what}.",
            hint="Use letters, digits, and . _ - / # + = , @ between them, such as 'try/colours'.",
        )
    if name == "HEAD" or _COMMIT.fullmatch(name):
        raise HistoryError(
            f"'{name}' looks like a commit, so it cannot be the name of a {what}.", hint="Choose another."
        )
    return name


def _usable(name: str) -> bool:
    parts = name.split("/")
    if not _NAME.fullmatch(name) or ".." in name or name.endswith((".", "/")):
        return False
    return not any(
        not part or part.startswith(".") or part.endswith(".lock") or len(part.encode()) > _PART for part in parts
    )


def references(git: Git) -> dict[str, str]:
    """Return all branches, tags and branches of remotes with the ids of their commits, by full name."""
    fields = "%(refname)%00%(objectname)%00%(*objectname)%00%(symref)"
    text = git.text("for-each-ref", f"--format={fields}", "refs/heads", "refs/tags", "refs/remotes")
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, commit, peeled, symbolic = line.split("\0")
        if not symbolic:
            found[name] = peeled or commit
    return found


def current_branch(folder: Path) -> str:
    """Return the branch of a repository that the next commit goes to; it may have none yet.

    Raises
    ------
    HistoryError
        If there is none, as after a plain ``git checkout COMMIT``.
    """
    text = (folder / "HEAD").read_text(encoding="utf-8", errors="replace").strip()
    branch = text.removeprefix("ref:").strip().removeprefix("refs/heads/")
    if not text.startswith("ref:"):
        raise HistoryError(
            "The repository is on no branch.", hint="Go to one: ws.history.switch('main'), or git switch main."
        )
    if not text.endswith(f"refs/heads/{branch}") or not _usable(branch):
        raise HistoryError(
            f"The repository is on {text!r}, which is no branch that can be used here.",
            hint="Give the branch another name with git branch -m NAME: letters, digits, and . _ - / # between them.",
        )
    return branch


def branch_commit(git: Git, folder: Path, branch: str) -> str | None:
    """Return the newest commit of a branch; ``None`` when it has none."""
    loose = folder / "refs" / "heads" / branch
    text = loose.read_text(encoding="ascii", errors="replace").strip() if loose.is_file() else ""
    return text if _ID.fullmatch(text) else references(git).get(f"refs/heads/{branch}")


def commit_of(git: Git, ref: str, known: Mapping[str, str]) -> str:
    """Return the id of the commit that a name stands for.

    Raises
    ------
    HistoryError
        If it is no name of a version.
    NotFoundError
        If there is no such version.
    """
    if not _REF.fullmatch(ref) or ".." in ref:
        raise HistoryError(f"{ref!r} is no name of a version.", hint="Use a commit id, HEAD~n, a branch or a tag.")
    for space in ("refs/heads/", "refs/tags/", "refs/remotes/"):
        if space + ref in known:
            return known[space + ref]
    if ref.startswith("HEAD") or _COMMIT.fullmatch(ref):
        try:
            return git.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        except HistoryError:
            pass  # told below
    raise NotFoundError(f"There is no version '{ref}'.", hint="ws.history.log() lists them.")
