"""The files that git keeps of a workspace, and the way back from them.

``panels/NAME.nxml`` is the panel's text as the canonical printer writes it; ``nog/NAME.json`` has one entity per line,
sorted by id, with the values of states and the open conflicts. Both read well in ``git log -p``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nexus_jupyter.nog import Graph, apply, is_personal
from nexus_jupyter.nog.diff import headline
from nexus_jupyter.nog.graph import Record
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import HistoryError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import InsertOp, Op, RemoveOp, SetOp
from nexus_jupyter.protocol.versions import EntityChange
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.panels import panel_names, panel_view
from nexus_jupyter.workspace.replacement import replacement

__all__ = [
    "CHANGES_NAMED",
    "PanelText",
    "checkout_ops",
    "conflict_ops",
    "describe",
    "entities_text",
    "panel_files",
    "panel_of",
    "panel_records",
    "panel_texts",
    "read_entities",
    "version_files",
]

Files = Mapping[str, bytes]
#: Panels and files that a commit message names.
CHANGES_NAMED = 6
#: What is not versioned: the text has a file of its own, and what a cell last gave is this notebook's matter.
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
_LOCAL = frozenset({"nxml", "cell"})


@dataclass(frozen=True, slots=True)
class PanelText:
    """A panel as a version has it: its text, the values of its states by name, its open conflicts."""

    nxml: str
    values: dict[str, JsonValue] = field(default_factory=dict)
    conflicts: list[Entity] = field(default_factory=list)


def version_files(graph: Graph, printed: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of the workspace's present state, by path; ``printed`` has each text as it is printed."""
    files: dict[str, bytes] = {}
    for name in panel_names(graph):
        files |= panel_files(name, printed[panel_view(graph, name).nxml], panel_records(graph, name))
    return files


def panel_records(graph: Graph, name: str) -> list[Record]:
    """Return all of a panel in the graph: where these are the same records, its files are the same."""
    return [graph.record(entity.id) for entity in graph.subtree(name)]


def panel_files(name: str, printed: str, records: Sequence[Record]) -> dict[str, bytes]:
    """Return the files of one panel, by path, from its text as it is printed and its records."""
    # Authors are those of the commits.
    relations = {
        record.entity.id: {str(r): sorted(ends) for r, ends in sorted(record.out.items()) if r != "authoredBy"}
        for record in records
    }
    entities = entities_text(name, (record.entity for record in records), relations)
    return {f"panels/{name}.nxml": printed.encode(), f"nog/{name}.json": entities.encode()}


def entities_text(panel: str, entities: Iterable[Entity], relations: Mapping[str, Mapping[str, list[str]]]) -> str:
    """Return a panel's entities as the lines that git keeps: siblings must come in order."""
    lines: list[tuple[str, str]] = []
    last: dict[str | None, str] = {}
    for entity in entities:
        line: dict[str, JsonValue] = {
            "id": entity.id,
            "type": entity.type,
            "parent": entity.parent,
            "attrs": {key: value for key, value in entity.attrs.items() if key not in _LOCAL and not is_personal(key)},
            "out": {relation: list[JsonValue](ends) for relation, ends in relations.get(entity.id, {}).items()},
        }
        if entity.parent not in (None, panel):  # sections have their places, and conflicts none
            line["after"] = last.get(entity.parent)
            last[entity.parent] = entity.id
        lines.append((entity.id, _ENCODE(line)))
    return "[\n" + ",\n".join(line for _, line in sorted(lines)) + "\n]\n"


def read_entities(data: bytes, panel: str) -> list[Entity]:
    """Return the entities of a panel's file, parents first and siblings in order.

    Raises
    ------
    HistoryError
        If the file is damaged.
    """
    try:
        rows = json.loads(data)
        found = {
            row["id"]: Entity.model_validate({k: row[k] for k in ("id", "type", "parent", "attrs")}) for row in rows
        }
        after = {row["id"]: row.get("after") for row in rows}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise HistoryError(
            f"The file nog/{panel}.json of that version is damaged: {first}.",
            hint="Check out an older commit, or mend the file and commit it.",
        ) from error
    children: dict[str | None, dict[str | None, list[str]]] = {}
    for entity in found.values():
        children.setdefault(entity.parent, {}).setdefault(after[entity.id], []).append(entity.id)
    order: list[Entity] = []
    stack: list[str] = _chain(children.get(None, {}))[::-1]
    while stack:
        entity_id = stack.pop()
        order.append(found[entity_id])
        stack += reversed(_chain(children.pop(entity_id, {})))
    return order


def _chain(followers: dict[str | None, list[str]]) -> list[str]:
    """Return siblings in order from what stands behind what; those whose neighbour is missing come last."""
    order: list[str] = []
    left = dict(followers)
    while left:
        start = None if None in left else min(map(str, left))
        stack = sorted(left.pop(start), reverse=True)
        while stack:
            order.append(stack.pop())
            stack += sorted(left.pop(order[-1], []), reverse=True)
    return order


def panel_texts(files: Files) -> dict[str, PanelText]:
    """Return the panels of a version by name.

    Raises
    ------
    HistoryError
        If a file is damaged.
    """
    texts: dict[str, PanelText] = {}
    for path in sorted(files):
        if not path.startswith("panels/"):
            continue
        name = path.removeprefix("panels/").removesuffix(".nxml")
        found = read_entities(files[f"nog/{name}.json"], name) if f"nog/{name}.json" in files else []
        prefix = f"{name}/state."
        values = {
            entity.id.removeprefix(prefix): entity.attrs["value"]
            for entity in found
            if entity.type == "State" and "value" in entity.attrs
        }
        conflicts = [entity for entity in found if entity.type == "Conflict" and entity.parent == name]
        try:
            texts[name] = PanelText(files[path].decode(), values, conflicts)
        except UnicodeDecodeError as error:
            raise HistoryError(f"The file {path} of that version is no text: {error}.") from error
    return texts


def checkout_ops(graph: Graph, files: Files, reactor: Reactor, present: Files | None = None) -> list[Op]:
    """Return the ops that make the graph's panels those of a version.

    Parameters
    ----------
    graph
        The graph.
    files
        The version's files.
    reactor
        Reads the texts.
    present
        The files that a version of the graph would have: panels whose files are the same are left alone.

    Raises
    ------
    HistoryError
        If a panel of the version cannot be read or has errors.
    """
    wanted = panel_texts({path: data for path, data in files.items() if not _unchanged(path, files, present or {})})
    stay = {panel_of(path) for path in files if path.startswith("panels/")}
    ops: list[Op] = [RemoveOp(id=name) for name in panel_names(graph) if name not in stay]
    graph = apply(graph, ops, rev=0).graph
    for name, text in wanted.items():
        build = reactor.check(text.nxml)
        if not build.ok or build.id != name:
            first = next((str(d) for d in build.diagnostics if d.severity == "error"), f"it is the panel '{build.id}'")
            raise HistoryError(f"The panel '{name}' of that version cannot be used: {first}.")
        own = [*replacement(graph, build, text.nxml, text.values), *conflict_ops(graph, name, text.conflicts)]
        # What several panels name outside of them comes with the first of them.
        graph = apply(graph, own, rev=0).graph
        ops += own
    return ops


def _unchanged(path: str, files: Files, present: Files) -> bool:
    """Whether both files of the panel that a path belongs to are as they are."""
    own = (f"panels/{panel_of(path)}.nxml", f"nog/{panel_of(path)}.json")
    return all(one in present and files.get(one) == present[one] for one in own)


def conflict_ops(graph: Graph, panel: str, wanted: Iterable[Entity]) -> Iterator[Op]:
    """Yield the ops that give a panel exactly these open conflicts."""
    new = {entity.id: entity for entity in wanted}
    old = {entity.id: entity for entity in graph.children(panel)} if panel in graph else {}
    open_ = {key: entity for key, entity in old.items() if entity.type == "Conflict"}
    for key in open_.keys() - new.keys():
        yield RemoveOp(id=key)
    for key, entity in sorted(new.items()):
        if key in open_:
            yield SetOp(id=key, attrs=entity.attrs)
        else:
            yield InsertOp(entity=entity.model_copy(update={"order": ""}))


def panel_of(path: str) -> str:
    """Return the name of the panel that a file of a version belongs to."""
    return path.partition("/")[2].rpartition(".")[0]


def describe(changes: Iterable[EntityChange], files: Iterable[str] = (), *, more: int = 0) -> str:
    """Write a commit message from what changed between two versions, in panels and in files, and ``more`` of them."""
    by_panel: dict[str, list[str]] = {}
    parts: list[str] = []
    for change in changes:
        if change.entity == change.panel and change.kind in ("added", "removed"):
            parts.append(f"{'add' if change.kind == 'added' else 'remove'} {change.panel}")
        else:
            by_panel.setdefault(change.panel, []).append(headline(change))
    parts += [f"{panel}: {', '.join(words)}" for panel, words in by_panel.items()]
    parts += [f"file {path}" for path in sorted(files)]
    if not parts:
        return "No changes"
    left = max(len(parts) - CHANGES_NAMED, 0) + more
    return "; ".join(parts[:CHANGES_NAMED]) + (f"; and {left} more" if left else "")
