"""``nexus merge-file``: the same merge for people who use plain git.

Git calls it for ``panels/*.nxml`` and ``nog/*.json`` once ``nexus init`` has registered it. It needs no workspace.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from nexus_jupyter.history import VersionStore
from nexus_jupyter.nog.lines import marked
from nexus_jupyter.nog.merge import merge
from nexus_jupyter.nog.version import keyed
from nexus_jupyter.protocol.conflict import ConflictSide
from nexus_jupyter.protocol.errors import NexusError, UnavailableError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.merging import merge_texts
from nexus_jupyter.workspace.versions import entities_text, read_entities

__all__ = ["merge_file", "register_driver"]

_SHOWN = 80


def merge_file(path: str, base: str, ours: str, theirs: str, reactor: Reactor) -> tuple[str, list[str]]:
    """Merge three versions of a file of a workspace.

    Parameters
    ----------
    path
        Where the file lies in the repository; says what it is.
    base, ours, theirs
        The three versions; an empty base when both sides have made the file.
    reactor
        Reads and prints panels.

    Returns
    -------
    text, conflicts
        The merged file, and what needs a person, in words. In a panel's text the conflicts stand as comments before it,
        and ours holds; where the panel as a whole cannot be merged, lines have git's markers. Of entities ours holds
        silently: the text says what there is, and they follow it with the next commit.
    """
    name = PurePosixPath(path).stem
    if path.endswith(".json"):
        return _merge_entities(name, base, ours, theirs), []
    try:
        text, conflicts = merge_texts(reactor, name, base or None, ours, theirs)
    except NexusError as error:
        return _by_lines(base, ours, theirs), [error.message]
    notes = [f"{one.message} ours: {_short(one.ours)}; theirs: {_short(one.theirs)}" for one in conflicts]
    return "".join(f"<!-- CONFLICT {note.replace('--', '- -')} -->\n" for note in notes) + text, notes


def register_driver(root: Path) -> str:
    """Make plain git merge a workspace's panels by id, and return a sentence that says so."""
    try:
        VersionStore(root).set_up()
    except UnavailableError as error:
        return str(error)
    return "Plain git merges its panels by id here: git merge calls nexus merge-file."


def _by_lines(base: str, ours: str, theirs: str) -> str:
    versions = [text.splitlines(keepends=True) for text in (base, ours, theirs)]
    return "".join(marked(*versions))


def _merge_entities(name: str, base: str, ours: str, theirs: str) -> str:
    before, mine, yours = (read_entities(text.encode(), name) if text.strip() else [] for text in (base, ours, theirs))
    old, left, right = (keyed(filter(_of_text, side)) for side in (before, mine, yours))
    merged = merge(old, left, right, panel=name)
    kept = {entity.id for side in (mine, yours) for entity in side}
    rows = [entity for entity in merged.entities.values() if entity.id in kept]
    ids = {entity.id for entity in rows}
    sides = [{entity.id: entity for entity in side if not _of_text(entity)} for side in (before, mine, yours)]
    for entity_id, entity in (sides[2] | sides[1]).items():
        answered = entity_id in sides[0] and not (entity_id in sides[1] and entity_id in sides[2])
        if entity.parent in ids and not answered:
            rows.append(entity)
    return entities_text(name, rows, _relations([base, ours, theirs], {entity.id for entity in rows}))


def _of_text(entity: Entity) -> bool:
    return entity.type not in ("Conflict", "Column")


def _relations(texts: list[str], ids: set[str]) -> dict[str, dict[str, list[str]]]:
    """Merge relations as sets: what either side added is there, what either took away is not."""
    base, ours, theirs = (_links(text) for text in texts)
    found: dict[str, dict[str, list[str]]] = {}
    for source, relation, target in sorted((ours | theirs) - ((base - ours) | (base - theirs))):
        if source in ids:
            found.setdefault(source, {}).setdefault(relation, []).append(target)
    return found


def _links(text: str) -> set[tuple[str, str, str]]:
    rows: list[Mapping[str, Mapping[str, list[str]]]] = json.loads(text) if text.strip() else []
    return {(str(row["id"]), name, end) for row in rows for name, ends in row.get("out", {}).items() for end in ends}


def _short(side: ConflictSide) -> str:
    text = "removed" if side.removed else side.value if isinstance(side.value, str) else json.dumps(side.value)
    plain = " ".join(str(text).split())
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 3]}..."
