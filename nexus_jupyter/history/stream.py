"""A commit as one stream for ``git fast-import``: objects, trees, commit and branch in one process.

It applies no filters, and does not need the files to be on disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nexus_jupyter.protocol.identity import Actor

__all__ = ["Blob", "Content", "commit_stream"]


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a version: its mode in git, and the id of its content."""

    mode: str
    id: str


#: What a path becomes: new content, that of an object that is there, or gone.
Content = bytes | Blob | None


def commit_stream(
    branch: str, changes: Mapping[str, Content], parents: Sequence[str], message: str, actor: Actor, *, time: int
) -> bytes:
    """Return the stream that makes one commit; git answers it with the commit's id.

    Parameters
    ----------
    branch
        The branch that the commit goes to.
    changes
        What differs from the first parent, by path.
    parents
        Ids of commits; the first is the branch's newest.
    message
        The commit message.
    actor
        Who commits.
    time
        Seconds since the epoch.
    """
    name = _plain(actor.name or actor.id)
    text = message.encode()
    who = f"{name} <{_plain(actor.id)}@nexus.invalid> {time} +0000"
    parts: list[bytes] = [
        f"commit refs/heads/{branch}\nmark :1\ncommitter {who}\ndata {len(text)}\n".encode(),
        text,
        b"\n",
    ]
    for word, parent in zip(["from", *["merge"] * len(parents)], parents, strict=False):
        parts.append(f"{word} {parent}\n".encode())
    # Files go before folders of the same name come: git takes the lines in order.
    for path, content in sorted(changes.items(), key=lambda change: (change[1] is not None, change[0])):
        if content is None:
            parts.append(f"D {_quoted(path)}\n".encode())
        elif isinstance(content, Blob):
            parts.append(f"M {content.mode} {content.id} {_quoted(path)}\n".encode())
        else:
            parts += [f"M 100644 inline {_quoted(path)}\ndata {len(content)}\n".encode(), content, b"\n"]
    parts.append(b"\nget-mark :1\ndone\n")
    return b"".join(parts)


def _plain(name: str) -> str:
    return "".join(char for char in name if char.isprintable() and char not in "<>").strip() or "unknown"


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
