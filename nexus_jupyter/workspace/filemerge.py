"""Merging what is in a workspace's repository beside its panels: files, taken or kept as a whole."""

from __future__ import annotations

from collections.abc import Mapping

from nexus_jupyter.history import Blob, Content, in_panels, owned

__all__ = ["changed_files", "merge_files"]

#: What every workspace has for itself.
_OWN = frozenset({"nexus.toml", ".gitattributes", ".gitignore"})


def changed_files(old: Mapping[str, Blob], new: Mapping[str, Blob]) -> dict[str, Content]:
    """Return what leads from one version's files to another's."""
    changes: dict[str, Content] = {path: blob for path, blob in new.items() if old.get(path) != blob}
    return changes | {path: None for path in old if path not in new}


def merge_files(
    base: Mapping[str, Blob], ours: Mapping[str, Blob], theirs: Mapping[str, Blob], mark: str
) -> tuple[dict[str, Content], list[str]]:
    """Merge the files of two versions, all but panels.

    What one side changed is taken; where both did, ours stays and theirs is put beside it.

    Parameters
    ----------
    base, ours, theirs
        The files of three versions by path.
    mark
        Is made part of the name of what is put beside.

    Returns
    -------
    changes, notes
        What changes on our side, and sentences about what was put beside or stays.
    """
    changes: dict[str, Content] = {}
    notes: list[str] = []
    for path in sorted({*base, *theirs}):
        old, mine, yours = base.get(path), ours.get(path), theirs.get(path)
        if yours in (old, mine) or (owned(path) and in_panels(path)):
            continue
        if mine == old:
            changes[path] = yours
        elif path in _OWN:
            continue
        elif yours is None:
            notes.append(f"{path} was changed here and removed there: it stays.")
        else:
            beside = f"{path}.theirs-{mark}"
            changes[beside] = yours
            what = "removed here and changed there" if mine is None else "changed on both sides"
            notes.append(f"{path} was {what}: theirs is beside it as {beside}.")
    return changes, notes
