"""Edits that people make in the folder's files, without Nexus and without committing them.

A text that is in the folder and in none of the versions that the workspace has written there is an edit by hand. Before
anything else is written, it is committed as it is, so that it is in a version whatever becomes of it; then it is merged
like any commit that was made outside. A text that cannot be merged, because it cannot be read, goes to a branch of its
own where the workspace's text takes its place, and stays in the folder where none does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nexus_jupyter.history import BY_HAND, Blob, Content, Version, VersionStore, content_id, in_panels
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.workspace.versions import panel_of

__all__ = ["HandEdits", "record_edits"]

Files = Mapping[str, bytes]
#: Raises `NexusError` if a panel's files of the second version cannot be merged, given those of the first.
Trial = Callable[[Files, Files, tuple[str, int | None]], None]


@dataclass(slots=True)
class HandEdits:
    """What became of edits by hand: the newest commit of them, and sentences for the person."""

    version: Version | None = None
    notes: list[str] = field(default_factory=list)


def record_edits(
    store: VersionStore, written: Sequence[str], trial: Trial, present: Callable[[str], bool]
) -> HandEdits:
    """Commit the edits by hand that are in the index and in the folder.

    Parameters
    ----------
    store
        The repository.
    written
        Commits besides the newest whose texts the workspace may have left in the folder.
    trial
        Tells whether a panel's edit can be merged.
    present
        Whether there is a panel of a name.
    """
    done = HandEdits()
    for edits in (_staged(store, written), _in_folder(store, written)):
        head = store.head()
        base = store.files(head)
        texts = _texts(store, edits)
        for name in sorted({panel_of(path) for path in texts if in_panels(path)}):
            own = [f"panels/{name}.nxml", f"nog/{name}.json"]
            theirs = {path: texts.get(path, base.get(path, b"")) for path in own if path in texts or path in base}
            try:
                trial({path: base[path] for path in own if path in base}, theirs, (BY_HAND.id, None))
            except NexusError as error:
                bad = {path: edits.pop(path) for path in own if path in edits}
                done.notes.append(
                    _set_aside(store, name, bad, error, replaced=present(name) or bool(base.keys() & bad))
                )
        if edits:
            names = ", ".join(sorted(edits)[:3]) + (f" and {len(edits) - 3} more" if len(edits) > 3 else "")  # noqa: PLR2004
            done.version = store.record(edits, f"Edited by hand: {names}", BY_HAND, when=store.tree.modified(edits))
    return done


def _texts(store: VersionStore, edits: Mapping[str, Content]) -> dict[str, bytes]:
    """Return the contents of edits by path."""
    held = store.read({path: content for path, content in edits.items() if isinstance(content, Blob)})
    return {**{path: content for path, content in edits.items() if isinstance(content, bytes)}, **held}


def _set_aside(store: VersionStore, name: str, bad: Mapping[str, Content], error: NexusError, *, replaced: bool) -> str:
    files = ", ".join(sorted(bad))
    said = f"{files} was edited by hand and cannot be used: {error.message.rstrip('.')}."
    if not replaced:
        return f"{said} It stays in the folder as it is, and is in no version."
    kept = store.keep_aside(bad, f"Edited by hand, and cannot be used: {name}")
    return f"{said} The panel stays as it is in Nexus. {kept or ''}".rstrip()


def _in_folder(store: VersionStore, written: Sequence[str]) -> dict[str, Content]:
    """Return the texts of panels in the folder that the workspace has not written."""
    head = store.head()
    length = len(head) if head is not None else 40
    held = [store.blobs(commit) for commit in [head, *written]]
    found: dict[str, Content] = {}
    for path, blob in {**store.on_disk("panels", length), **store.on_disk("nog", length)}.items():
        ids = _ids(held, path)
        if blob not in ids and not store.same_lines(path, ids):
            found[path] = store.tree.read(path)
    return found


def _staged(store: VersionStore, written: Sequence[str]) -> dict[str, Content]:
    """Return what is staged and neither committed nor in the folder: plain git would keep it."""
    held = [store.blobs(commit) for commit in [store.head(), *written]]
    found: dict[str, Content] = {}
    for path, blob in store.staged().items():
        if blob.id in _ids(held, path):
            continue
        empty = content_id(b"", len(blob.id))  # also what ``git add --intent-to-add`` puts there
        if blob.id not in {content_id(store.tree.read(path), len(blob.id)), empty}:
            found[path] = blob
    return found


def _ids(held: Sequence[Mapping[str, Blob]], path: str) -> list[str]:
    return [blobs[path].id for blobs in held if path in blobs]
