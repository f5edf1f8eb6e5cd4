"""Commits as they are listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nexus_jupyter.history.git import Git

__all__ = ["Version", "read_log"]

_FIELD, _RECORD = "\x1f", "\x1e"


@dataclass(frozen=True, slots=True)
class Version:
    """A commit. ``time`` is aware, in UTC; ``graph`` is git's drawing in front of its line.

    ``notes`` are sentences for the person who made it: what is not in it, and what was kept elsewhere.
    """

    id: str
    message: str
    author: str
    time: datetime
    parents: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    graph: str = ""
    notes: tuple[str, ...] = ()


def read_log(git: Git, limit: int, start: Sequence[str]) -> list[Version]:
    """Return the newest commits first.

    Parameters
    ----------
    git
        Where to look.
    limit
        How many.
    start
        Ids of commits to begin at, or ``--branches`` and ``--tags``.
    """
    fields = _FIELD.join(("%H", "%P", "%aI", "%an", "%D", "%s"))
    arguments = ["--graph", f"--max-count={limit}", f"--format={_RECORD}{fields}"]
    flags = [one for one in start if one.startswith("--")]
    commits = [one for one in start if not one.startswith("--")]
    text = git.text("log", *arguments, *flags, "--end-of-options", *commits, "--")
    versions: list[Version] = []
    drawing: list[str] = []
    for line in text.split("\n"):
        before, record, rest = line.partition(_RECORD)
        drawing.append(before.rstrip())
        if record:
            commit, parents, when, author, refs, message = rest.split(_FIELD, 5)
            moment = datetime.fromisoformat(when).astimezone(UTC)
            names, graph = tuple(_ref_names(refs)), "\n".join(drawing)
            versions.append(Version(commit, message, author, moment, tuple(parents.split()), names, graph))
            drawing = []
    return versions


def _ref_names(decoration: str) -> Iterator[str]:
    for name in filter(None, decoration.split(", ")):
        plain = name.removeprefix("HEAD -> ").removeprefix("tag: ")
        if plain != "HEAD":
            yield plain
