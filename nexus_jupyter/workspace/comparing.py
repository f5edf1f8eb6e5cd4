"""What differs in meaning between two versions of a workspace, as their files say."""

from __future__ import annotations

from collections.abc import Mapping

from nexus_jupyter.nog import entities
from nexus_jupyter.nog.diff import diff
from nexus_jupyter.nog.version import keyed
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.versions import EntityChange
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.panels import state_id
from nexus_jupyter.workspace.versions import PanelText, panel_of, panel_texts, read_entities

__all__ = ["file_changes", "panel_changes"]


def panel_changes(before: Mapping[str, bytes], after: Mapping[str, bytes], reactor: Reactor) -> list[EntityChange]:
    """Return the differences of all panels. Texts say what there is, for they may have been edited by hand."""
    texts = [panel_texts(_differing(one, other)) for one, other in ((before, after), (after, before))]
    changes: list[EntityChange] = []
    for name in sorted({*texts[0], *texts[1]}):
        old, new = (
            _entities(name, side[name], files, reactor) if name in side else None
            for side, files in zip(texts, (before, after), strict=True)
        )
        changes += diff(name, old, new)
    return changes


def file_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[EntityChange]:
    """Return the differences of files below ``files/``, from their ids by path."""
    changes: list[EntityChange] = []
    for path in sorted({*before, *after}):
        if before.get(path) == after.get(path):
            continue
        kind = "added" if path not in before else "removed" if path not in after else "changed"
        mark = {"added": "+", "removed": "-", "changed": "changed "}[kind]
        given = {"panel": "", "kind": kind, "entity": path, "type": "File", "words": f"{mark}{path}"}
        changes.append(EntityChange.model_validate(given))
    return changes


def _differing(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> dict[str, bytes]:
    names = {panel_of(path) for path in (*one, *other) if one.get(path) != other.get(path)}
    return {path: data for path, data in one.items() if panel_of(path) in names}


def _entities(name: str, text: PanelText, files: Mapping[str, bytes], reactor: Reactor) -> dict[str, Entity]:
    build = reactor.check(text.nxml)
    if build.id != name:
        return keyed(read_entities(files[f"nog/{name}.json"], name)) if f"nog/{name}.json" in files else {}
    found: list[Entity] = []
    for entity in entities(build).own:
        state = entity.id.removeprefix(state_id(name, ""))
        values = {"value": text.values[state]} if entity.type == "State" and state in text.values else {}
        found.append(entity.model_copy(update={"attrs": {**entity.attrs, **values}}))
    return keyed(found)
