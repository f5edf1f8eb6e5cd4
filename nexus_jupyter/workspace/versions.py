"""The files that git keeps of a workspace, and the way back from them.

``panels/NAME.nxml`` is the panel's text as the canonical printer writes it; ``nog/NAME.json`` has one entity per line,
sorted by id, with the values of states. Both read well in ``git log -p``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import HistoryError
from nexus_jupyter.protocol.patch import Op, RemoveOp
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.panels import PERSONAL, panel_names, panel_view
from nexus_jupyter.workspace.replacement import replacement

__all__ = ["checkout_ops", "describe", "version_files"]

Files = Mapping[str, bytes]
_CHANGES_NAMED = 6


def version_files(graph: Graph, reactor: Reactor) -> dict[str, bytes]:
    """Return the files of the workspace's present state, by path."""
    files: dict[str, bytes] = {}
    for name in panel_names(graph):
        files[f"panels/{name}.nxml"] = reactor.format(panel_view(graph, name).nxml).encode()
        files[f"nog/{name}.json"] = _entities_text(graph, name).encode()
    return files


def _entities_text(graph: Graph, panel: str) -> str:
    lines = []
    for entity in sorted(graph.subtree(panel), key=lambda entity: entity.id):
        record = graph.record(entity.id)
        line = {
            "id": entity.id,
            "type": entity.type,
            "parent": entity.parent,
            "attrs": {
                key: value for key, value in entity.attrs.items() if key != "nxml" and not key.startswith(PERSONAL)
            },
            # Authors are those of the commits.
            "out": {name: sorted(ends) for name, ends in sorted(record.out.items()) if name != "authoredBy"},
        }
        lines.append(json.dumps(line, ensure_ascii=False, sort_keys=True))
    return "[\n" + ",\n".join(lines) + "\n]\n"


def checkout_ops(graph: Graph, files: Files, reactor: Reactor) -> list[Op]:
    """Return the ops that make the graph's panels those of a version.

    Raises
    ------
    HistoryError
        If a panel of the version cannot be read or has errors.
    """
    wanted = {path.removeprefix("panels/").removesuffix(".nxml") for path in files if path.startswith("panels/")}
    ops: list[Op] = [RemoveOp(id=name) for name in panel_names(graph) if name not in wanted]
    for name in sorted(wanted):
        text = files[f"panels/{name}.nxml"].decode()
        build = reactor.check(text)
        if not build.ok or build.id != name:
            first = next((str(d) for d in build.diagnostics if d.severity == "error"), f"it is the panel '{build.id}'")
            raise HistoryError(f"The panel '{name}' of that version cannot be used: {first}.")
        ops += replacement(graph, build, text, _values(files.get(f"nog/{name}.json"), name))
    return ops


def _values(data: bytes | None, panel: str) -> dict[str, JsonValue]:
    if data is None:
        return {}
    try:
        entities = json.loads(data)
        return {
            entity["id"].removeprefix(f"{panel}/state."): entity["attrs"]["value"]
            for entity in entities
            if entity["type"] == "State" and "value" in entity["attrs"]
        }
    except (ValueError, KeyError, TypeError) as error:
        raise HistoryError(
            f"The file nog/{panel}.json of that version is damaged: {error}.",
            hint="Check out an older commit, or mend the file and commit it.",
        ) from error


def describe(before: Files, after: Files) -> str:
    """Write a commit message from what changed between two versions."""
    parts = list(_changes(before, after))
    if not parts:
        return "No changes"
    more = f"; and {len(parts) - _CHANGES_NAMED} more" if len(parts) > _CHANGES_NAMED else ""
    return "; ".join(parts[:_CHANGES_NAMED]) + more


def _changes(before: Files, after: Files) -> Iterator[str]:
    names = sorted({path for path in (*before, *after) if path.startswith("nog/")})
    for path in names:
        name = path.removeprefix("nog/").removesuffix(".json")
        if path not in before:
            yield f"add {name}"
        elif path not in after:
            yield f"remove {name}"
        elif before[path] != after[path]:
            old = {entity["id"]: entity for entity in json.loads(before[path])}
            new = {entity["id"]: entity for entity in json.loads(after[path])}
            yield f"{name}: {', '.join(_entity_changes(name, old, new))}"


def _entity_changes(panel: str, old: dict[str, dict[str, object]], new: dict[str, dict[str, object]]) -> Iterator[str]:
    for entity_id in sorted({*old, *new}):
        short = entity_id.removeprefix(f"{panel}/")
        if entity_id not in old:
            yield f"+{short}"
        elif entity_id not in new:
            yield f"-{short}"
        elif old[entity_id] != new[entity_id]:
            yield _attribute_change(short, old[entity_id], new[entity_id])


def _attribute_change(short: str, old: dict[str, object], new: dict[str, object]) -> str:
    before, after = old["attrs"], new["attrs"]
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key):
                return f"{short} {key.removeprefix('attr:')} {_short(before.get(key))} -> {_short(after.get(key))}"
    return f"{short} changed"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 24 else text[:21] + "..."  # noqa: PLR2004 - fits a line of git log
